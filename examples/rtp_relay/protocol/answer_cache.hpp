/// \file
/// Answers to commands, for when a client sends a command again.
#pragma once

#include <rtpsynth/base/clock.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>

namespace relay {

/// Keeps answers by key, the client's address and its cookie. A client that has lost the answer
/// sends the same command again, which must not be executed twice.
///
/// An answer is kept for \p lives to twice \p lives, or until \p most newer ones have come.
///
/// \par Exception safety
/// store() has the strong guarantee; the other functions do not throw.
class answer_cache {
public:
    explicit answer_cache(rtpsynth::duration lives = std::chrono::seconds(30),
                          std::size_t most = 65536) noexcept
        : lives_(lives), most_(most) {}

    /// The answer, until the next call; nullptr: there is none.
    const std::string* find(const std::string& key, rtpsynth::time_point now);
    void store(const std::string& key, std::string_view answer, rtpsynth::time_point now);

private:
    void age(rtpsynth::time_point now) noexcept;

    rtpsynth::duration lives_;
    std::size_t most_;
    rtpsynth::time_point since_{};
    std::array<std::unordered_map<std::string, std::string>, 2> answers_; // the newer ones first
};

} // namespace relay
