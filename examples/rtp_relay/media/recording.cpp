#include "media/recording.hpp"

#include "media/pcap_record.hpp"

#include <rtpsynth/base/clock.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <exception>
#include <system_error>
#include <utility>

namespace relay {
namespace {

namespace asio = boost::asio;

constexpr std::size_t file_buffer = 64 * 1024; // some seconds of a call
constexpr auto write_period = std::chrono::milliseconds(200);

/// A Call-ID may be anything; a file name is made of harmless characters, and not hidden.
std::string file_name(std::string_view name, int attempt) {
    std::string result;
    for (const char c : name.substr(0, 200)) {
        const bool is_harmless = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                                 (c >= 'A' && c <= 'Z') || c == '-' || c == '_' || c == '.' ||
                                 c == '@';
        result += is_harmless ? c : '_';
    }
    if (result.empty() || result[0] == '.') result.insert(0, "_");
    if (attempt > 0) result += '-' + std::to_string(attempt);
    return result + ".pcap";
}

/// `udp:ADDRESS:PORT`, an IPv6 address in brackets or not.
std::optional<udp_endpoint> copy_target(std::string_view text) {
    constexpr std::string_view scheme = "udp:";
    if (!text.starts_with(scheme)) return std::nullopt;
    text.remove_prefix(scheme.size());
    const std::size_t colon = text.rfind(':');
    if (colon == text.npos) return std::nullopt;
    std::string_view host = text.substr(0, colon);
    const std::string_view port = text.substr(colon + 1);
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    std::uint16_t number = 0;
    const auto [end, wrong] = std::from_chars(port.data(), port.data() + port.size(), number);
    boost::system::error_code error;
    const auto address = asio::ip::make_address(std::string(host), error);
    if (error || wrong != std::errc{} || end != port.data() + port.size() || number == 0)
        return std::nullopt;
    return udp_endpoint(address, number);
}

/// An IPv4 address of an IPv6 socket is mapped (RFC 4291 §2.5.5.2).
udp_endpoint of_family(const udp_endpoint& at, bool is_v6) noexcept {
    if (!is_v6 || at.address().is_v6()) return at;
    std::array<std::uint8_t, 16> mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    const auto bytes = at.address().to_v4().to_bytes();
    std::copy(bytes.begin(), bytes.end(), mapped.begin() + 12);
    return {asio::ip::address_v6(mapped), at.port()};
}

} // namespace

recording_file::recording_file(const std::filesystem::path& path)
    : file_(std::fopen(path.c_str(), "wbx")) {
    if (!file_) throw std::system_error(errno, std::generic_category());
    try {
        added_.reserve(file_buffer);
        written_.reserve(file_buffer);
    } catch (...) {
        std::fclose(file_);
        throw;
    }
    append_pcap_header(added_);
    flush(); // even a call without a packet has a readable file
}

recording_file::~recording_file() {
    flush();
    std::fclose(file_);
}

void recording_file::add(const udp_endpoint& from, const udp_endpoint& to,
                         std::span<const std::uint8_t> packet) noexcept {
    const auto now = std::chrono::system_clock::now();
    const bool is_v6 = from.address().is_v6() || to.address().is_v6();
    const std::lock_guard lock{lock_};
    if (added_.capacity() - added_.size() < packet.size() + pcap_overhead)
        ++lost_;
    else
        append_pcap_record(added_, now, of_family(from, is_v6), of_family(to, is_v6), packet);
}

std::uint64_t recording_file::flush() noexcept {
    std::uint64_t lost = 0;
    {
        const std::lock_guard lock{lock_};
        added_.swap(written_);
        lost = std::exchange(lost_, 0);
    }
    if (std::fwrite(written_.data(), 1, written_.size(), file_) != written_.size() ||
        std::fflush(file_) != 0)
        ++lost; // at least one
    written_.clear();
    return lost;
}

copy_sender::copy_sender(const udp_endpoint& to) : context_{1}, socket_(context_, to.protocol()) {
    socket_.non_blocking(true);
    socket_.connect(to);
}

void copy_sender::add(const udp_endpoint&, const udp_endpoint&,
                      std::span<const std::uint8_t> packet) noexcept {
    boost::system::error_code ignored; // a copy is lost
    const std::lock_guard lock{lock_};
    socket_.send(asio::buffer(packet.data(), packet.size()), 0, ignored);
}

recorder::recorder(std::optional<std::filesystem::path> directory)
    : directory_(std::move(directory)) {}

recorder::~recorder() {
    {
        const std::lock_guard lock{lock_};
        ends_ = true;
    }
    ending_.notify_all();
    if (thread_.joinable()) thread_.join();
}

std::shared_ptr<packet_copies> recorder::open(std::string_view name, std::string_view target) {
    try {
        if (!target.empty()) {
            const auto to = copy_target(target);
            return to ? std::make_shared<copy_sender>(*to) : nullptr;
        }
        if (!directory_) return nullptr;
        std::shared_ptr<recording_file> file;
        for (int attempt = 0; !file; ++attempt) {
            try {
                file = std::make_shared<recording_file>(*directory_ / file_name(name, attempt));
            } catch (const std::system_error& error) {
                if (error.code() != std::errc::file_exists || attempt == 100) throw;
            }
        }
        const std::lock_guard lock{lock_};
        files_.push_back(file);
        if (!thread_.joinable()) thread_ = std::thread([this] { write(); });
        return file;
    } catch (const std::exception&) {
        return nullptr;
    }
}

void recorder::write() noexcept {
    std::unique_lock lock{lock_};
    while (!ends_) {
        ending_.wait_for(lock, write_period);
        for (std::size_t i = 0; i < files_.size();) {
            // A file without another owner gets no more packets.
            const bool is_complete = files_[i].use_count() == 1;
            std::shared_ptr<recording_file> file = files_[i]; // does not allocate
            if (is_complete) files_.erase(files_.begin() + static_cast<std::ptrdiff_t>(i));
            lock.unlock();
            lost_ += file->flush();
            file.reset();
            lock.lock();
            if (!is_complete) ++i;
        }
    }
}

} // namespace relay
