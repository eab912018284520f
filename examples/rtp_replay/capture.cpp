#include "capture.hpp"

#include <pcap/pcap.h>

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace replay {
namespace {

link_type link_type_of(int dlt) {
    switch (dlt) {
    case DLT_EN10MB:
        return link_type::ethernet;
    case DLT_RAW:
    case DLT_IPV4:
    case DLT_IPV6:
        return link_type::raw_ip;
    case DLT_NULL:
    case DLT_LOOP:
        return link_type::bsd_null;
    case DLT_LINUX_SLL:
        return link_type::linux_sll;
    case DLT_LINUX_SLL2:
        return link_type::linux_sll2;
    default:
        break;
    }
    const char* name = pcap_datalink_val_to_name(dlt);
    throw capture_error("link layer " + (name ? std::string(name) : std::to_string(dlt)) +
                        " is not supported (Ethernet, raw IP, Linux cooked and loopback are)");
}

std::FILE* open_file(const std::string& path) {
    if (path == "-") return stdin;
    std::FILE* file = std::fopen(path.c_str(), "rb");
    if (!file) throw capture_error(std::strerror(errno));
    struct stat status {};
    if (fstat(fileno(file), &status) == 0 && S_ISDIR(status.st_mode)) {
        std::fclose(file);
        throw capture_error("is a directory");
    }
    return file;
}

} // namespace

void capture::closer::operator()(pcap* p) const noexcept { pcap_close(p); }

capture::capture(const std::string& path) : capture(open_file(path)) {}

capture::capture(std::FILE* file) {
    char message[PCAP_ERRBUF_SIZE] = "";
    pcap_.reset(
        pcap_fopen_offline_with_tstamp_precision(file, PCAP_TSTAMP_PRECISION_NANO, message));
    if (!pcap_) {
        if (file != stdin) std::fclose(file);
        throw capture_error(std::string("not a capture that libpcap can read: ") + message);
    }
    link_ = link_type_of(pcap_datalink(pcap_.get()));
    struct stat status {};
    const int descriptor = fileno(file);
    if (descriptor >= 0 && fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode))
        size_ = static_cast<std::uint64_t>(status.st_size);
}

std::optional<captured_frame> capture::next() {
    pcap_pkthdr* header = nullptr;
    const u_char* data = nullptr;
    const int outcome = pcap_next_ex(pcap_.get(), &header, &data);
    if (outcome == PCAP_ERROR_BREAK) return std::nullopt;
    if (outcome != 1) throw capture_error(pcap_geterr(pcap_.get()));
    // At the chosen precision tv_usec counts nanoseconds.
    return captured_frame{{data, std::min(header->caplen, header->len)},
                          relative(header->ts.tv_sec, header->ts.tv_usec)};
}

std::uint64_t capture::position() const noexcept {
    if (size_ == 0) return 0;
    const long at = std::ftell(pcap_file(pcap_.get()));
    return at < 0 ? 0 : static_cast<std::uint64_t>(at);
}

/// Time stamps may be anything, also in a file that is no attack: they are held within 120 years of
/// the first, so that no difference of two overflows.
rtpsynth::time_point capture::relative(std::int64_t seconds, std::int64_t nanoseconds) noexcept {
    constexpr std::int64_t limit = 4'000'000'000;
    if (!started_) {
        started_ = true;
        first_second_ = seconds;
        first_nanosecond_ = nanoseconds;
    }
    std::int64_t elapsed = 0;
    if (__builtin_sub_overflow(seconds, first_second_, &elapsed))
        elapsed = seconds < first_second_ ? -limit : limit;
    elapsed = std::clamp(elapsed, -limit, limit);
    const std::int64_t fraction =
        std::clamp(nanoseconds, -limit, limit) - std::clamp(first_nanosecond_, -limit, limit);
    return rtpsynth::time_point(rtpsynth::duration(elapsed * 1'000'000'000 + fraction));
}

} // namespace replay
