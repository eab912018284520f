#include <rtpsynth/asio_server/channel/port_range.hpp>

#include "server/engine.hpp"
#include "server/server_access.hpp"

#include <boost/asio/error.hpp>
#include <boost/circular_buffer.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

namespace rtpsynth::asio_server {
namespace {

namespace error = boost::asio::error;
using boost::system::system_error;

constexpr std::size_t most_retries = 16; // places of other programs that one call tries again

const port_range_options& checked_range(const port_range_options& o) {
    if (o.first < 1) throw std::invalid_argument("first must be 1..65535");
    if (o.last < o.first) throw std::invalid_argument("last must be first..65535");
    if (!o.single && o.first + o.first % 2 + 1 > o.last)
        throw std::invalid_argument("first..last must hold an even port and the one after it");
    return o;
}

/// Windows returns access_denied for a port that another program has exclusively, or that the
/// system reserves.
bool is_of_others(const boost::system::error_code& e) noexcept {
    return e == error::address_in_use || e == error::access_denied;
}

} // namespace

/// Places are identified by their first port. Each place that is not in use is in one of two
/// queues.
class port_range::impl : public std::enable_shared_from_this<impl> {
public:
    explicit impl(const port_range_options& options)
        : address_{options.address},
          text_{std::to_string(options.first) + '-' + std::to_string(options.last)},
          single_{options.single},
          places_{single_ ? std::size_t{options.last} - options.first + 1
                          : (options.last + 1U) / 2 - (options.first + 1U) / 2},
          free_(places_),
          taken_(places_) {
        const unsigned first = single_ ? options.first : options.first + options.first % 2;
        for (std::size_t i = 0; i != places_; ++i)
            free_.push_back(static_cast<std::uint16_t>(first + i * (single_ ? 1 : 2)));
    }

    bool single() const noexcept { return single_; }

    port_range_stats stats() const noexcept {
        const std::lock_guard lock{mutex_};
        return {.places = places_,
                .in_use = places_ - free_.size() - taken_.size(),
                .taken = taken_.size()};
    }

    /// Calls \p make(options, lease) with the next place, and the ones after it, until one is not
    /// taken.
    template <class Make>
    auto make_on_next(channel_options options, Make make) {
        if (options.reuse_port)
            throw std::invalid_argument("reuse_port must be false in a port_range");
        boost::system::error_code why = error::address_in_use;
        std::size_t retries_left = most_retries;
        while (const auto port = next(retries_left)) {
            // The place is released when the last channel has closed, or below if there is none.
            const auto place = hold(*port);
            options.bind = {address_, *port};
            try {
                return make(options, place);
            } catch (const system_error& e) {
                if (!is_of_others(e.code())) throw;
                why = e.code();
                place->taken = true;
            }
        }
        throw system_error{why, "no free port in " + text_};
    }

private:
    struct lease {
        std::shared_ptr<impl> range;
        std::uint16_t port;
        bool taken = false; // by another program

        lease(std::shared_ptr<impl> r, std::uint16_t p) noexcept : range{std::move(r)}, port{p} {}
        ~lease() { range->give_back(port, taken); }
        lease(const lease&) = delete;
        lease& operator=(const lease&) = delete;
    };

    std::optional<std::uint16_t> next(std::size_t& retries_left) noexcept {
        const std::lock_guard lock{mutex_};
        if (free_.empty()) {
            if (taken_.empty() || retries_left == 0) return std::nullopt;
            --retries_left;
        }
        auto& from = free_.empty() ? taken_ : free_;
        const std::uint16_t port = from.front();
        from.pop_front();
        return port;
    }

    std::shared_ptr<lease> hold(std::uint16_t port) {
        try {
            return std::make_shared<lease>(shared_from_this(), port);
        } catch (...) {
            give_back(port, false);
            throw;
        }
    }

    // Both queues have room for all places.
    void give_back(std::uint16_t port, bool taken) noexcept {
        const std::lock_guard lock{mutex_};
        if (taken) return taken_.push_back(port);
        free_.push_back(port);
        if (taken_.empty()) return;
        free_.push_back(taken_.front());
        taken_.pop_front();
    }

    const boost::asio::ip::address address_;
    const std::string text_;
    const bool single_;
    const std::size_t places_;
    mutable std::mutex mutex_;
    boost::circular_buffer<std::uint16_t> free_; // in the order in which they will be allocated
    boost::circular_buffer<std::uint16_t>
        taken_; // by other programs, in the order in which they were tried
};

port_range::port_range(const port_range_options& options)
    : impl_{std::make_shared<impl>(checked_range(options))} {}

port_range::~port_range() = default;

channel_pair port_range::make_pair(rtp_server& server, const channel_options& options,
                                   handler_ptr rtp, handler_ptr rtcp) {
    if (impl_->single())
        throw std::invalid_argument("create_pair needs a port_range without option single");
    detail::engine& engine = *detail::server_access::engine_of(server);
    return impl_->make_on_next(options, [&](channel_options& o, const auto& lease) {
        channel_pair pair;
        pair.rtp = engine.bind_channel(o);
        o.bind.port(static_cast<std::uint16_t>(o.bind.port() + 1));
        pair.rtcp = engine.bind_channel(o);
        engine.open_channel(pair.rtp, std::move(rtp), lease);
        engine.open_channel(pair.rtcp, std::move(rtcp), lease);
        return pair;
    });
}

std::shared_ptr<rtp_channel> port_range::make_single(rtp_server& server,
                                                     const channel_options& options,
                                                     handler_ptr handler) {
    detail::engine& engine = *detail::server_access::engine_of(server);
    return impl_->make_on_next(options, [&](channel_options& o, const auto& lease) {
        auto channel = engine.bind_channel(o);
        engine.open_channel(channel, std::move(handler), lease);
        return channel;
    });
}

port_range_stats port_range::stats() const noexcept { return impl_->stats(); }

} // namespace rtpsynth::asio_server
