/// \file
/// A reference for the timer wheel: makes the same calls to a wheel and to a std::multimap.
/// Include after Boost.Test.
#pragma once

#include <rtpsynth/base/timer_wheel.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <random>
#include <vector>

namespace timer_wheel_test {

using rtpsynth::duration;
using rtpsynth::time_point;
using rtpsynth::timer_wheel;

inline constexpr auto no_limit = std::numeric_limits<std::size_t>::max();
inline constexpr time_point earliest = time_point::min();
inline constexpr time_point latest = time_point::max();

constexpr time_point at(std::int64_t ns) { return time_point{duration{ns}}; }

struct client : timer_wheel::timer {
    explicit client(int n = 0) : id{n} {}
    int id;
    std::function<void()> fired;
};

// The wheel beside a multimap that sorts by (deadline, arming), with `now` as the least deadline.
class pair_of_wheels {
public:
    pair_of_wheels(unsigned seed, std::size_t n)
        : random_{seed},
          now_{at(static_cast<std::int64_t>(random_()) / 2)},
          wheel_{now_},
          where_(n) {
        for (std::size_t i = 0; i != n; ++i)
            clients_.push_back(std::make_unique<client>(static_cast<int>(i)));
    }

    void step() {
        const std::size_t i = any_client();
        switch (random_() % 8) {
        case 0:
        case 1:
        case 2:
        case 3:
            arm(i);
            break;
        case 4:
            cancel(i);
            break;
        case 5:
            forget(i);
            clients_[i] = std::make_unique<client>(static_cast<int>(i));
            break;
        case 6:
            advance();
            break;
        default:
            break; // only ask
        }
        if (ask_) check_next();
        if (random_() % 1000 == 0) ask_ = !ask_; // asking orders a slot: have times without it
    }

    std::size_t fired() const { return fired_; }

private:
    using queue = std::multimap<time_point, std::size_t>;

    std::size_t any_client() { return static_cast<std::size_t>(random_() % clients_.size()); }
    std::int64_t span() { return static_cast<std::int64_t>(random_() >> (24 + random_() % 40)); }

    time_point some_deadline() {
        switch (random_() % 16) {
        case 0:
            return random_() % 64 ? now_ : (random_() % 2 ? earliest : latest);
        case 1:
            return now_ - duration{span() / 2};
        case 2:
            return model_.empty() ? now_ : model_.begin()->first; // equal to another
        default:
            return now_ + duration{span()};
        }
    }

    void arm(std::size_t i) {
        const time_point deadline = some_deadline();
        forget(i);
        where_[i] = model_.emplace(std::max(deadline, now_), i);
        armed_[i] = true;
        wheel_.arm(*clients_[i], deadline);
        BOOST_REQUIRE(clients_[i]->armed());
    }

    void cancel(std::size_t i) {
        BOOST_REQUIRE(clients_[i]->cancel() == armed_[i]);
        forget(i);
    }

    void forget(std::size_t i) {
        if (armed_[i]) model_.erase(where_[i]);
        armed_[i] = false;
    }

    void advance() {
        const auto kind = random_() % 64;
        if (kind == 0) {
            now_ -= duration{span() / 4};
        } else if (kind == 1 && !model_.empty() && model_.begin()->first != latest) {
            now_ =
                std::max(now_, model_.begin()->first - duration{static_cast<int>(random_() % 2)});
        } else {
            now_ += duration{static_cast<std::int64_t>(random_() % 8'000'000)};
            if (kind == 2) now_ += duration{span()};
        }
        const std::size_t budget =
            random_() % 3 ? static_cast<std::size_t>(random_() % 40) : no_limit;
        std::vector<bool> old = armed_; // not armed in this call: may fire in it
        const auto done = wheel_.advance(now_, budget, [&](timer_wheel::timer& t) {
            const auto i = static_cast<std::size_t>(static_cast<client&>(t).id);
            BOOST_REQUIRE(!model_.empty());
            BOOST_REQUIRE(model_.begin()->second == i);
            BOOST_REQUIRE((model_.begin()->first == t.deadline()));
            BOOST_REQUIRE((t.deadline() <= now_));
            BOOST_REQUIRE(old[i]);
            forget(i);
            ++fired_;
            if (random_() % 4 == 0) arm(i);
            const std::size_t j = any_client();
            switch (random_() % 16) {
            case 0:
                old[j] = false;
                arm(j);
                break;
            case 1:
                cancel(j);
                break;
            case 2:
                check_next();
                break;
            default:
                break;
            }
            old[i] = false;
        });
        BOOST_REQUIRE(done.fired <= budget);
        const bool due = !model_.empty() && model_.begin()->first <= now_;
        if (!done.more) BOOST_REQUIRE(!due);
        if (done.more && model_.size() < 16 * budget / 2) BOOST_REQUIRE(due);
        if (budget == no_limit && due) BOOST_REQUIRE(!old[model_.begin()->second]);
    }

    void check_next() {
        const auto next = wheel_.next_deadline();
        BOOST_REQUIRE(next.has_value() == !model_.empty());
        BOOST_REQUIRE(wheel_.empty() == model_.empty());
        if (next) BOOST_REQUIRE((*next == model_.begin()->first));
    }

    std::mt19937_64 random_;
    time_point now_;
    timer_wheel wheel_;
    std::vector<std::unique_ptr<client>> clients_;
    std::vector<queue::iterator> where_;
    std::vector<bool> armed_ = std::vector<bool>(where_.size());
    queue model_;
    std::size_t fired_ = 0;
    bool ask_ = true;
};

} // namespace timer_wheel_test
