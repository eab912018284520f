/// \file
/// The executor of an io_home.
#pragma once

#include "server/io_home.hpp"

#include <boost/asio/execution/blocking.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/query.hpp>
#include <boost/asio/require.hpp>

#include <exception>
#include <type_traits>
#include <utility>

namespace rtpsynth::asio_server::detail {

/// Wraps \p Inner, the executor of the home's io_context, and notifies the home of what is posted.
/// The home can therefore wait by itself, without Asio. Objects that ask for the context, such as a
/// timer, a socket, a resolver or a strand, may give it work that nobody posts: from then on Asio
/// does the waiting.
template <class Inner>
class home_executor {
public:
    home_executor(io_home& home, Inner inner) noexcept : home_{&home}, inner_{std::move(inner)} {}

    template <class Property>
    requires boost::asio::can_query_v<const Inner&, Property>
    decltype(auto) query(const Property& p) const {
        using result = decltype(boost::asio::query(inner_, p));
        if constexpr (std::is_convertible_v<result, const boost::asio::execution_context&>)
            home_->expect_foreign_work();
        return boost::asio::query(inner_, p);
    }
    template <class Property>
    requires boost::asio::can_require_v<const Inner&, Property>
    auto require(const Property& p) const { return with(boost::asio::require(inner_, p)); }
    template <class Property>
    requires boost::asio::can_prefer_v<const Inner&, Property>
    auto prefer(const Property& p) const { return with(boost::asio::prefer(inner_, p)); }

    template <class Function>
    void execute(Function&& f) const {
        if (boost::asio::query(inner_, boost::asio::execution::blocking) !=
                boost::asio::execution::blocking.never &&
            home_->runs_here()) {
            home_->call([&] {
                std::decay_t<Function> called{std::forward<Function>(f)};
                std::move(called)();
                return std::size_t{1};
            });
            return;
        }
        // What was posted may destroy the server on another thread before this returns. There is no
        // home to notify if its destructor is running.
        const auto kept = home_->weak_from_this().lock();
        inner_.execute(std::forward<Function>(f));
        if (kept) kept->note_post();
    }

    bool running_in_this_thread() const noexcept { return home_->runs_here(); }

    friend bool operator==(const home_executor& a, const home_executor& b) noexcept {
        return a.home_ == b.home_ && a.inner_ == b.inner_;
    }
    friend bool operator!=(const home_executor& a, const home_executor& b) noexcept {
        return !(a == b);
    }

private:
    template <class Other>
    home_executor<Other> with(Other other) const noexcept {
        return {*home_, std::move(other)};
    }

    io_home* home_;
    Inner inner_;
};

} // namespace rtpsynth::asio_server::detail
