#include "protocol/answer_cache.hpp"

#include <utility>

namespace relay {

void answer_cache::age(rtpsynth::time_point now) noexcept {
    if (now - since_ < lives_ && answers_[0].size() < most_) return;
    if (now - since_ >= 2 * lives_) answers_[0].clear(); // nobody has called for that long
    answers_[1].swap(answers_[0]);
    answers_[0].clear();
    since_ = now;
}

const std::string* answer_cache::find(const std::string& key, rtpsynth::time_point now) {
    age(now);
    for (const auto& generation : answers_)
        if (const auto found = generation.find(key); found != generation.end())
            return &found->second;
    return nullptr;
}

void answer_cache::store(const std::string& key, std::string_view answer,
                         rtpsynth::time_point now) {
    age(now);
    answers_[0].insert_or_assign(key, std::string(answer));
}

} // namespace relay
