/// \file
/// Recordings of calls: pcap files, and copies that are sent elsewhere.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/udp.hpp>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace relay {

using udp_endpoint = boost::asio::ip::udp::endpoint;

/// What becomes of a copy of a call's packets. Thread-safe; called where packets are forwarded, and
/// so it neither blocks nor allocates.
class packet_copies {
public:
    virtual ~packet_copies() = default;
    virtual void add(const udp_endpoint& from, const udp_endpoint& to,
                     std::span<const std::uint8_t> packet) noexcept = 0;
};

/// A pcap file, whose packets have the addresses between which they were sent.
class recording_file : public packet_copies {
public:
    /// \throws std::system_error
    explicit recording_file(const std::filesystem::path& path);
    ~recording_file() override;

    void add(const udp_endpoint& from, const udp_endpoint& to,
             std::span<const std::uint8_t> packet) noexcept override;
    /// Writes what was added. Called by one thread at a time.
    /// \return the number of packets that were lost since the last call: the disk was too slow
    std::uint64_t flush() noexcept;

private:
    std::mutex lock_;
    std::vector<std::uint8_t> added_; // of constant capacity
    std::uint64_t lost_ = 0;
    std::vector<std::uint8_t> written_; // the same
    std::FILE* file_;
};

/// Copies of packets as datagrams to one address.
class copy_sender : public packet_copies {
public:
    /// \throws boost::system::system_error
    explicit copy_sender(const udp_endpoint& to);

    void add(const udp_endpoint& from, const udp_endpoint& to,
             std::span<const std::uint8_t> packet) noexcept override;

private:
    boost::asio::io_context context_; // never run
    std::mutex lock_;
    boost::asio::ip::udp::socket socket_;
};

/// Makes recordings, and writes files on a thread of its own: a slow disk delays no packet and no
/// command. Apart from that, not thread-safe.
class recorder {
public:
    /// \param directory nullopt: files are refused
    explicit recorder(std::optional<std::filesystem::path> directory);
    ~recorder();
    recorder(const recorder&) = delete;
    recorder& operator=(const recorder&) = delete;

    /// \param target empty: a file with \p name; `udp:ADDRESS:PORT`: copies are sent there
    /// \return nullptr if it is refused or cannot be opened; the file is closed some time after the
    ///         last pointer to it is gone
    std::shared_ptr<packet_copies> open(std::string_view name, std::string_view target);

    std::uint64_t lost() const noexcept { return lost_; }

private:
    void write() noexcept;

    std::optional<std::filesystem::path> directory_;
    std::atomic<std::uint64_t> lost_{0};
    std::mutex lock_;
    std::condition_variable ending_;
    bool ends_ = false;
    std::vector<std::shared_ptr<recording_file>> files_;
    std::thread thread_; // started with the first file
};

} // namespace relay
