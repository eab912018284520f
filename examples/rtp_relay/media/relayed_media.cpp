#include "media/relayed_media.hpp"

#include "media/leg_tap.hpp"

#include <rtpsynth/asio_server/call/rtp_relay.hpp>

#include <boost/system/system_error.hpp>

#include <mutex>
#include <new>
#include <optional>
#include <utility>

namespace relay {
namespace {

namespace server = rtpsynth::asio_server;
using server::relay_leg;

constexpr relay_leg leg_of(side s) noexcept {
    return s == side::caller ? relay_leg::a : relay_leg::b;
}

/// The taps that are in use, of each leg.
struct tap_pair {
    std::mutex lock;
    std::array<std::shared_ptr<leg_tap>, 2> taps;
};

server::rtp_relay_options relay_options(const media_request& request,
                                        std::optional<std::uint8_t> dscp,
                                        const std::shared_ptr<tap_pair>& taps) {
    server::rtp_relay_options options;
    options.a.rtcp_mux = options.b.rtcp_mux = false;
    options.a.channel.dscp = options.b.channel.dscp = dscp;
    if (request.is_asymmetric) options.a.latch.latch = server::latch_policy::none;
    options.on_source_changed = [taps](server::rtp_relay&, relay_leg leg, const udp_endpoint& at) {
        const std::lock_guard lock{taps->lock};
        if (const auto& tap = taps->taps[static_cast<std::size_t>(leg)]) tap->set_peer(at);
    };
    return options;
}

} // namespace

class relay_maker::relayed : public media {
public:
    relayed(relay_maker& maker, const media_request& request, place& caller, place& callee)
        : maker_(maker),
          taps_(std::make_shared<tap_pair>()),
          relay_(maker.servers_.pick(), *caller.ports, *callee.ports,
                 relay_options(request, maker.dscp_, taps_)),
          advertised_{&caller.advertised, &callee.advertised} {}

    ~relayed() override {
        for (const auto& playing : playing_)
            if (playing) maker_.player_.stop(*playing);
    }

    media_address local(side of) const override {
        const udp_endpoint at = relay_.local_endpoint(leg_of(of));
        return {*advertised_[index(of)], at.port(), at.address().is_v6()};
    }

    bool set_peer(side of, const udp_endpoint& peer) override {
        return !relay_.set_peer(leg_of(of), peer);
    }

    media_counters counters(side from) const override {
        const auto s = relay_.stats(leg_of(from));
        return {.received = s.received,
                .forwarded = s.forwarded,
                .heard = s.received - s.rejected - s.malformed - s.oversized + s.rtcp_received -
                         s.rtcp_rejected - s.rtcp_malformed};
    }

    bool play(side to, std::string_view name, std::string_view codecs,
              std::int32_t repetitions) override {
        auto what = maker_.prompts_.find(name, codecs);
        if (!what) return false;
        stop(to);
        if (repetitions == 0) return true;
        playing_[index(to)] = maker_.player_.start(
            std::move(what), repetitions,
            [this, to](std::span<const std::uint8_t> packet) { send(to, packet); },
            [this, to] { stop(to); });
        try {
            tap(to);
        } catch (...) {
            stop(to);
            throw;
        }
        return true;
    }

    void stop(side to) override {
        auto& playing = playing_[index(to)];
        if (!playing) return;
        maker_.player_.stop(*playing);
        playing.reset();
        try {
            tap(to);
        } catch (const std::bad_alloc&) { // not recorded, but not muted either
            relay_.set_protection(leg_of(to), nullptr);
        }
    }

    bool record(std::string_view name, std::string_view target) override {
        if (copies_ && target.empty()) return true; // it is being recorded
        auto copies = maker_.recorder_.open(name, target);
        if (!copies) return false;
        copies_ = std::move(copies);
        tap(side::caller);
        tap(side::callee);
        return true;
    }

private:
    /// Puts into the way out to a side what it needs now.
    void tap(side to) {
        const bool is_muted = playing_[index(to)].has_value();
        const relay_leg leg = leg_of(to);
        std::shared_ptr<leg_tap> tap;
        if (is_muted || copies_)
            tap = std::make_shared<leg_tap>(relay_.local_endpoint(leg), is_muted, copies_);
        {
            const std::lock_guard lock{taps_->lock};
            taps_->taps[index(to)] = tap;
            if (const auto peer = relay_.target(leg); peer && tap) tap->set_peer(*peer);
        }
        relay_.set_protection(leg, std::move(tap));
    }

    void send(side to, std::span<const std::uint8_t> packet) {
        const auto peer = relay_.target(leg_of(to));
        if (!peer || relay_.channel(leg_of(to)).try_send_to(packet, *peer)) return;
        if (copies_) copies_->add(relay_.local_endpoint(leg_of(to)), *peer, packet);
    }

    relay_maker& maker_;
    std::shared_ptr<tap_pair> taps_;
    server::rtp_relay relay_;
    std::array<const std::string*, 2> advertised_;
    std::array<std::optional<prompt_player::number>, 2> playing_;
    std::shared_ptr<packet_copies> copies_;
};

relay_maker::relay_maker(boost::asio::io_context& context, const program_options& options)
    : servers_(options.threads, {.tick = std::nullopt}),
      dscp_(options.dscp),
      prompts_(options.prompts),
      player_(context),
      recorder_(options.recordings) {
    for (const network in : {network::internal, network::external}) {
        const auto& addresses = in == network::external ? options.external : options.listen;
        for (const listen_address& a : addresses)
            places_[static_cast<std::size_t>(in)].push_back(
                {a.advertised, a.address,
                 std::make_unique<server::port_range>(
                     server::port_range_options{.address = a.address,
                                                .first = options.first_port,
                                                .last = options.last_port})});
    }
}

relay_maker::~relay_maker() = default;

relay_maker::place* relay_maker::find(network in, bool is_v6, bool any_family) noexcept {
    // Without --external there is one network.
    auto& places = places_[places_[1].empty() ? 0 : static_cast<std::size_t>(in)];
    for (place& p : places)
        if (p.address.is_v6() == is_v6) return &p;
    return any_family ? &places.front() : nullptr;
}

std::unique_ptr<media> relay_maker::make(const media_request& request, protocol_error& error) {
    const auto networks =
        request.networks.value_or(std::array{network::internal, network::internal});
    const bool is_v6 = request.caller.is_v6();
    place* caller = find(networks[0], is_v6, false);
    place* callee = find(networks[1], is_v6, request.networks.has_value());
    if (!request.local_address.empty()) {
        callee = nullptr;
        for (auto& places : places_)
            for (place& p : places)
                if (p.address.to_string() == request.local_address) callee = &p;
    }
    if (!caller || !callee) {
        error = protocol_error::wrong_address;
        return nullptr;
    }
    try {
        return std::make_unique<relayed>(*this, request, *caller, *callee);
    } catch (const boost::system::system_error&) {
        error = protocol_error::cannot_listen;
        return nullptr;
    }
}

std::vector<std::pair<std::string, server::port_range_stats>> relay_maker::ports() const {
    std::vector<std::pair<std::string, server::port_range_stats>> all;
    for (std::size_t n = 0; n != places_.size(); ++n)
        for (const place& p : places_[n])
            all.emplace_back((n == 0 ? "internal " : "external ") + p.address.to_string(),
                             p.ports->stats());
    return all;
}

} // namespace relay
