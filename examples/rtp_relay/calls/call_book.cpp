#include "calls/call_book.hpp"

#include <algorithm>
#include <exception>
#include <new>
#include <utility>

namespace relay {
namespace {

namespace ip = boost::asio::ip;
using rtpsynth::duration;
using rtpsynth::time_point;

constexpr int checks_per_timeout = 8;

/// U and L without a number mean the first medium.
std::string_view number_of(const medium_tag& tag) noexcept {
    return tag.medium.empty() ? std::string_view("1") : tag.medium;
}

/// What a peer's address and port say: none while the call is on hold, or the medium is refused.
std::optional<ip::udp::endpoint> peer_of(const ip::address& address, std::uint16_t port) {
    if (port == 0 || address.is_unspecified()) return std::nullopt;
    return ip::udp::endpoint(address, port);
}

int hex(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/// `%20` becomes a blank.
std::string unescaped(std::string_view text) {
    std::string result;
    for (std::size_t i = 0; i != text.size(); ++i) {
        if (text[i] == '%' && text.size() - i > 2 && hex(text[i + 1]) >= 0 &&
            hex(text[i + 2]) >= 0) {
            result += static_cast<char>(hex(text[i + 1]) * 16 + hex(text[i + 2]));
            i += 2;
        } else {
            result += text[i];
        }
    }
    return result;
}

std::string to_text(const media_address& a) {
    std::string text = std::to_string(a.port);
    if (!a.address.empty()) text += ' ' + a.address;
    if (!a.address.empty() && a.is_v6) text += " 6";
    return text;
}

} // namespace

/// A stream of a call's SDP.
struct call_book::medium {
    std::string call_id, number, caller_tag;
    std::string callee_tag;            // empty: not known yet
    std::array<std::string, 2> codecs; // of each side's SDP
    timeout_notice notice;
    std::unique_ptr<media> at;
    std::uint64_t heard = 0; // packets at the last check
    time_point active{};     // the last check at which there were more, or the last command

    /// The side whose tag is \p from; nullopt if the tags are not this medium's.
    std::optional<side> side_of(std::string_view from, std::string_view to) const noexcept {
        if (from == caller_tag && (to.empty() || callee_tag.empty() || to == callee_tag))
            return side::caller;
        if (callee_tag.empty() ? to == caller_tag
                               : from == callee_tag && (to.empty() || to == caller_tag))
            return side::callee;
        return std::nullopt;
    }
};

call_book::call_book(media_maker& maker, duration timeout,
                     std::function<void(const timeout_notice&)> notify)
    : maker_(maker), timeout_(timeout), notify_(std::move(notify)) {}

std::string call_book::error(protocol_error e) {
    ++totals_.errors;
    return 'E' + std::to_string(static_cast<int>(e));
}

std::string call_book::refuse(protocol_error e) noexcept {
    ++totals_.commands;
    return error(e); // short: no memory is needed
}

std::string call_book::execute(const command& what, time_point now) noexcept {
    ++totals_.commands;
    try {
        return perform(what, now);
    } catch (const std::exception&) {
        return error(protocol_error::no_memory);
    }
}

std::string call_book::perform(const command& c, time_point now) {
    switch (c.what) {
    case verb::version:
        return "20040107";
    case verb::capability:
        return has_capability(c.capability) ? "1" : "0";
    case verb::update:
    case verb::lookup:
        return offer(c, now);
    case verb::remove:
        return remove(c);
    case verb::remove_all:
        remove_all();
        return "0";
    case verb::play:
        return each(c, [&](medium& m, side from) {
            const std::string& signalled = m.codecs[index(from)];
            return m.at->play(from, c.target, c.codecs == "session" ? signalled : c.codecs,
                              c.repetitions)
                       ? std::nullopt
                       : std::optional{protocol_error::cannot_play};
        });
    case verb::stop:
        return each(c, [&](medium& m, side from) {
            m.at->stop(from);
            return std::optional<protocol_error>();
        });
    case verb::record:
        return each(c, [&](medium& m, side) {
            return m.at->record(m.call_id + '-' + m.caller_tag + '-' + m.number, c.target)
                       ? std::nullopt
                       : std::optional{protocol_error::cannot_record};
        });
    case verb::query:
        return query(c, now);
    case verb::information:
        return information();
    }
    return error(protocol_error::unknown_command);
}

/// The medium of U or L. A medium whose callee's tag has changed is still the same: another branch
/// of a forked call has answered.
call_book::found call_book::find(const command& c) {
    const auto call = calls_.find(std::string(c.call_id));
    if (call == calls_.end()) return {};
    found renamed;
    for (const auto& m : call->second) {
        if (m->number != number_of(c.from)) continue;
        if (const auto from = m->side_of(c.from.tag, c.to.tag)) return {m.get(), *from};
        if (m->caller_tag == c.from.tag) renamed = {m.get(), side::caller};
        if (m->caller_tag == c.to.tag) renamed = {m.get(), side::callee};
    }
    return renamed;
}

call_book::medium* call_book::create(const command& c, const media_request& request,
                                     protocol_error& problem, time_point now) {
    const auto made = std::make_shared<medium>();
    made->call_id = c.call_id;
    made->number = number_of(c.from);
    made->caller_tag = c.from.tag;
    made->active = now;
    checks_.push_back({now + timeout_ / checks_per_timeout, made}); // expires by itself
    made->at = maker_.make(request, problem);
    if (!made->at) return nullptr;
    medium_list& call = calls_[made->call_id];
    try {
        call.push_back(made);
    } catch (...) {
        if (call.empty()) calls_.erase(made->call_id);
        throw;
    }
    ++media_count_;
    ++totals_.calls;
    return made.get();
}

std::string call_book::offer(const command& c, time_point now) {
    const bool is_update = c.what == verb::update;
    boost::system::error_code malformed;
    const ip::address address = ip::make_address(std::string(c.address), malformed);
    if (malformed) return error(protocol_error::wrong_address);

    found m = find(c);
    const bool is_new = m.at == nullptr;
    if (is_new) {
        if (!is_update) return "0";
        protocol_error problem = protocol_error::cannot_listen;
        m.at = create(c, {address, c.is_asymmetric, c.networks, c.local_address}, problem, now);
        if (!m.at) return error(problem);
    }
    std::string callee_tag(m.from == side::callee ? c.from.tag : c.to.tag);
    const side peer_side = is_update ? m.from : other(m.from);
    const auto peer = peer_of(address, c.port);
    if (peer && !m.at->at->set_peer(peer_side, *peer)) {
        if (is_new) end(*m.at);
        return error(protocol_error::wrong_address);
    }
    if (!callee_tag.empty()) m.at->callee_tag.swap(callee_tag);
    if (!c.codecs.empty()) m.at->codecs[index(peer_side)] = c.codecs;
    if (!c.notify_socket.empty())
        m.at->notice = {std::string(c.notify_socket),
                        c.notify_tag.empty() ? m.at->call_id : unescaped(c.notify_tag)};
    m.at->active = now;
    return to_text(m.at->at->local(other(peer_side)));
}

/// Calls act(medium, side of FROM-TAG) for the media that a command names, which are all of a call
/// without a number.
template <class Act>
std::string call_book::each(const command& c, Act act) {
    const auto call = calls_.find(std::string(c.call_id));
    if (call == calls_.end()) return error(protocol_error::unknown_call);
    bool any = false;
    for (const auto& m : call->second) {
        if (!c.from.medium.empty() && c.from.medium != m->number) continue;
        const auto from = m->side_of(c.from.tag, c.to.tag);
        if (!from) continue;
        any = true;
        if (const auto problem = act(*m, *from)) return error(*problem);
    }
    return any ? "0" : error(protocol_error::unknown_call);
}

std::string call_book::remove(const command& c) {
    std::vector<medium*> ended;
    std::string answer = each(c, [&](medium& m, side) {
        ended.push_back(&m);
        return std::optional<protocol_error>();
    });
    for (medium* m : ended) end(*m);
    return answer;
}

void call_book::end(medium& m) noexcept {
    for (const side s : {side::caller, side::callee}) {
        const media_counters packets = m.at->counters(s);
        totals_.received += packets.received;
        totals_.forwarded += packets.forwarded;
    }
    m.at.reset();
    --media_count_;
    const auto call = calls_.find(m.call_id);
    std::erase_if(call->second, [&](const auto& each) { return each.get() == &m; });
    if (call->second.empty()) calls_.erase(call);
}

void call_book::remove_all() noexcept {
    while (!calls_.empty()) {
        const auto last = calls_.begin()->second.back();
        end(*last);
    }
}

std::string call_book::query(const command& c, time_point now) {
    std::string text;
    std::string answer = each(c, [&](medium& m, side) {
        if (!text.empty()) return std::optional<protocol_error>(); // the first one
        const media_counters a = m.at->counters(side::caller), b = m.at->counters(side::callee);
        const auto left = std::chrono::duration_cast<std::chrono::seconds>(
            std::max(m.active + timeout_ - now, duration::zero()));
        text = std::to_string(left.count());
        for (const std::uint64_t n : {a.received, b.received, a.forwarded + b.forwarded,
                                      a.received + b.received - a.forwarded - b.forwarded})
            text += ' ' + std::to_string(n);
        return std::optional<protocol_error>();
    });
    return text.empty() ? answer : text;
}

media_counters call_book::packets() const {
    media_counters sum{.received = totals_.received, .forwarded = totals_.forwarded, .heard = 0};
    for (const auto& [id, call] : calls_)
        for (const auto& m : call)
            for (const side s : {side::caller, side::callee}) {
                const media_counters one = m->at->counters(s);
                sum.received += one.received;
                sum.forwarded += one.forwarded;
                sum.heard += one.heard;
            }
    return sum;
}

std::string call_book::information() const {
    const media_counters sum = packets();
    return "sessions created: " + std::to_string(totals_.calls) +
           "\nactive sessions: " + std::to_string(calls_.size()) +
           "\nactive streams: " + std::to_string(media_count_) +
           "\npackets received: " + std::to_string(sum.received) +
           "\npackets transmitted: " + std::to_string(sum.forwarded);
}

time_point call_book::next_check() const noexcept {
    return checks_.empty() ? time_point::max() : checks_.front().due;
}

void call_book::check(time_point now) noexcept {
    while (!checks_.empty() && checks_.front().due <= now) {
        const auto m = checks_.front().at.lock();
        if (!m || !m->at) {
            checks_.pop_front();
            continue;
        }
        const std::uint64_t heard =
            m->at->counters(side::caller).heard + m->at->counters(side::callee).heard;
        if (heard != m->heard) {
            m->heard = heard;
            m->active = now;
        }
        if (now - m->active < timeout_) {
            try {
                checks_.push_back({now + timeout_ / checks_per_timeout, m});
            } catch (const std::bad_alloc&) {
                return; // stays the first one: the next call tries again
            }
            checks_.pop_front();
            continue;
        }
        checks_.pop_front();
        ++totals_.timed_out;
        const timeout_notice notice = std::move(m->notice);
        end(*m);
        if (!notice.socket.empty() && notify_) notify_(notice);
    }
}

} // namespace relay
