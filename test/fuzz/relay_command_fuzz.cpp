// Hostile commands of the rtpproxy protocol: lines of the input are executed by a book of calls
// whose media only answer, and whose clock the input moves.

#include "calls/call_book.hpp"
#include "protocol/command.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace {

using namespace relay;

int open_media = 0;

struct fuzzed_media : media {
    explicit fuzzed_media(bool v6) : is_v6(v6) { ++open_media; }
    ~fuzzed_media() override { --open_media; }

    media_address local(side of) const override {
        return {"::1", static_cast<std::uint16_t>(10000 + index(of)), is_v6};
    }
    bool set_peer(side, const boost::asio::ip::udp::endpoint& peer) override {
        return peer.address().is_v6() == is_v6;
    }
    media_counters counters(side) const override { return {heard, heard, heard}; }
    bool play(side, std::string_view prompt, std::string_view, std::int32_t) override {
        return !prompt.empty() && ++heard != 0;
    }
    void stop(side) override { ++heard; }
    bool record(std::string_view name, std::string_view target) override {
        return !name.empty() && target.size() < 10;
    }

    bool is_v6;
    std::uint64_t heard = 0;
};

struct fuzzed_maker : media_maker {
    std::unique_ptr<media> make(const media_request& request, protocol_error&) override {
        if (open_media > 100) return nullptr;
        return std::make_unique<fuzzed_media>(request.caller.is_v6());
    }
};

void check_view(std::string_view part, std::string_view line) {
    if (part.empty()) return;
    if (part.data() < line.data() || part.data() + part.size() > line.data() + line.size())
        std::abort();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzzed_maker maker;
    rtpsynth::time_point now{std::chrono::hours(1)};
    {
        call_book book(maker, std::chrono::seconds(8), [](const timeout_notice& n) {
            if (n.socket.empty()) std::abort();
        });
        const std::vector<std::uint8_t> copy(data, data + size);
        std::string_view rest(reinterpret_cast<const char*>(copy.data()), copy.size());
        while (!rest.empty()) {
            now += std::chrono::milliseconds(100) * static_cast<std::uint8_t>(rest[0]);
            rest.remove_prefix(1);
            const std::size_t end = std::min(rest.find('\n'), rest.size());
            const std::string_view line = rest.substr(0, end);
            rest.remove_prefix(std::min(end + 1, rest.size()));
            if (const auto split = split_cookie(line)) check_view(split->rest, line);
            const auto parsed = parse_command(line);
            std::string answer;
            if (const auto* error = std::get_if<protocol_error>(&parsed)) {
                answer = book.refuse(*error);
            } else {
                const command& c = std::get<command>(parsed);
                for (const std::string_view part : {c.call_id, c.from.tag, c.from.medium, c.to.tag,
                                                    c.address, c.codecs, c.notify_tag, c.target})
                    check_view(part, line);
                answer = book.execute(c, now);
            }
            if (answer.empty()) std::abort();
            book.check(now);
            if (book.media_count() != static_cast<std::size_t>(open_media)) std::abort();
            if (book.calls() > book.media_count()) std::abort();
        }
        book.check(now + std::chrono::seconds(10));
        book.check(now + std::chrono::seconds(20));
        if (book.calls() != 0) std::abort();
    }
    if (open_media != 0) std::abort();
    return 0;
}
