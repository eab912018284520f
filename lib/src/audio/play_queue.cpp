#include <rtpsynth/audio/play_queue.hpp>

#include <rtpsynth/audio/resampler.hpp>

#include "level_join.hpp"
#include "pcm_fifo.hpp"

#include <algorithm>
#include <array>
#include <exception>
#include <new>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace rtpsynth {
namespace {

constexpr duration memory_kept = std::chrono::seconds(5);
constexpr std::size_t most_steps = resampler::highest_rate / resampler::lowest_rate;
constexpr std::array<std::int16_t, 64> zeros{};

void check_queue_rate(const char* name, std::uint32_t hz) {
    if (hz < resampler::lowest_rate || hz > resampler::highest_rate)
        throw std::invalid_argument(std::string("rtpsynth::play_queue: ") + name + " is " +
                                    std::to_string(hz) + " Hz and not in 4000..384000");
}

const play_queue_options& checked_queue(const play_queue_options& options) {
    check_queue_rate("rate", options.rate);
    check_queue_rate("input_rate", options.input_rate);
    if (options.capacity < std::chrono::milliseconds(10) ||
        options.capacity > std::chrono::hours(1))
        throw std::invalid_argument("rtpsynth::play_queue: capacity must be in 10 ms..1 h");
    if (options.item_timeout < duration::zero())
        throw std::invalid_argument("rtpsynth::play_queue: item_timeout must not be negative");
    return options;
}

} // namespace

// The first section is being played while is_playing_. Its samples stay in the queue until the
// audio made from them was pulled, although the converter may already have been fed with them.
class play_queue::state {
    // Consecutive audio of one rate, and its converter; null if it already has the queue's rate.
    struct section {
        section(std::uint32_t in_rate, std::uint32_t out_rate) : rate(in_rate) {
            if (in_rate != out_rate) converter.emplace(in_rate, out_rate);
        }

        // How much of the input corresponds to this much output, without the converter's delay.
        std::uint64_t heard(std::uint64_t pulled) const noexcept {
            if (!converter) return pulled;
            const std::uint64_t in = pulled * converter->in_rate() / converter->out_rate();
            return in - std::min<std::uint64_t>(in, converter->delay_samples());
        }

        std::uint32_t rate;
        std::size_t samples = 0;
        std::optional<resampler> converter;
    };

    struct queued_item {
        played_item played;
        std::uint64_t pushed = 0; // samples
        bool is_over = false;
    };

public:
    explicit state(const play_queue_options& o)
        : options_(checked_queue(o)), join_(o.rate), input_join_(o.rate) {}

    result<std::size_t> push(std::span<const std::int16_t> pcm, std::uint64_t item) noexcept;
    void end_item() noexcept {
        if (!items_.empty()) items_.back().is_over = true;
        has_run_out_ = false;
    }
    std::size_t room() const noexcept {
        constexpr std::uint64_t second = 1'000'000'000;
        const auto ns = static_cast<std::uint64_t>(options_.capacity.count());
        const auto most = static_cast<std::size_t>(ns * options_.input_rate / second);
        return most - std::min(most, samples_.size());
    }
    std::size_t waiting() const noexcept { return samples_.size(); }
    pulled_audio pull(std::span<std::int16_t> pcm) noexcept;
    std::optional<played_item> clear() noexcept;
    void set_input_rate(std::uint32_t hz) {
        check_queue_rate("input_rate", hz);
        end_item();
        options_.input_rate = hz;
    }
    void set_rate(std::uint32_t hz);
    const play_queue_options& options() const noexcept { return options_; }
    std::uint64_t dry_runs() const noexcept { return dry_runs_; }
    bool idle() const noexcept { return !holds_memory_; }

private:
    duration silence() const noexcept { return played_item{0, silent_, options_.rate}.length(); }
    void stop() noexcept { // stops playing the first section in the middle
        is_playing_ = is_ending_ = false;
        left_over_ = {};
        join_.cut();
    }
    // Removes sections without audio, except the one that is being played and one of the current
    // rate.
    void drop_spent_sections() noexcept {
        while (sections_.size() > (is_playing_ ? 1U : 0U) && sections_.back().samples == 0 &&
               sections_.back().rate != options_.input_rate)
            sections_.pop_back();
    }
    bool begin() noexcept;
    std::size_t make(std::span<std::int16_t> out) noexcept;
    std::size_t convert(std::span<const std::int16_t> in, std::span<std::int16_t> out,
                        std::size_t& taken) noexcept;
    void account(std::uint64_t gone) noexcept;
    void note_ended_items() noexcept;
    void release_memory() noexcept;

    play_queue_options options_;
    detail::pcm_fifo samples_;
    std::vector<section> sections_;
    std::vector<queued_item> items_; // items that have not ended
    std::vector<played_item> ended_; // has room for all of items_
    detail::level_join join_;        // joins the output where a section was stopped
    detail::level_join input_join_;  // joins both ends of the current section

    // Samples of the current section since its converter began: fed, made, pulled, and removed from
    // samples_.
    std::uint64_t fed_ = 0;
    std::uint64_t pulled_ = 0;
    std::uint64_t gone_ = 0;
    std::size_t zeros_left_ = 0; // zeros still to be fed, for the fade and to flush the converter
    std::array<std::int16_t, most_steps> last_made_{};
    std::span<const std::int16_t> left_over_; // the part of last_made_ that was not pulled yet
    bool is_playing_ = false;
    bool is_ending_ = false;

    bool has_run_out_ = false; // the last item has run out but is not over
    bool holds_memory_ = false;
    std::uint64_t silent_ = 0; // samples of silence since the last push
    std::uint64_t dry_runs_ = 0;
};

result<std::size_t> play_queue::state::push(std::span<const std::int16_t> pcm,
                                            std::uint64_t item) noexcept {
    const bool begins =
        items_.empty() || items_.back().is_over || items_.back().played.item != item;
    if (begins && items_.size() == max_items) return std::size_t{0};
    const std::span<const std::int16_t> fit = pcm.first(std::min(pcm.size(), room()));
    if (fit.empty() && !pcm.empty()) return std::size_t{0};
    holds_memory_ = true;
    silent_ = 0;
    try {
        if (begins) {
            items_.reserve(items_.size() + 1);
            ended_.reserve(items_.capacity());
        }
        drop_spent_sections();
        if (sections_.empty() || sections_.back().rate != options_.input_rate)
            sections_.emplace_back(options_.input_rate, options_.rate);
    } catch (const std::exception&) { // std::bad_alloc, since the rates are valid
        return errc::not_enough_memory;
    }
    const std::size_t taken = samples_.push(fit);
    if (taken == 0 && !fit.empty()) return errc::not_enough_memory;
    sections_.back().samples += taken;
    if (begins) {
        end_item();
        items_.push_back({.played = {item, 0, options_.input_rate}});
    } else if (has_run_out_ && taken != 0) {
        has_run_out_ = false;
        if (items_.back().pushed != 0) ++dry_runs_;
    }
    items_.back().pushed += taken;
    return taken;
}

pulled_audio play_queue::state::pull(std::span<std::int16_t> pcm) noexcept {
    ended_.clear();
    std::size_t made = 0;
    while (made < pcm.size()) {
        const std::size_t n = make(pcm.subspan(made));
        if (n == 0) break;
        join_.pass(pcm.subspan(made, n));
        made += n;
    }
    const std::span<std::int16_t> rest = pcm.subspan(made);
    // After a stop, the fade continues.
    const std::size_t audible = made + std::min(rest.size(), join_.fade());
    std::fill(rest.begin(), rest.end(), std::int16_t{0});
    join_.pass(rest);
    silent_ += rest.size();
    if (!rest.empty() || (is_ending_ && samples_.size() == fed_ - gone_))
        has_run_out_ = !items_.empty() && !items_.back().is_over;
    if (has_run_out_ && silence() >= options_.item_timeout) end_item();
    note_ended_items();
    if (holds_memory_ && items_.empty() && silence() >= memory_kept) release_memory();
    return {audible, ended_};
}

// Makes audio from the current section or, if that has ended, from the next. Returns 0 if there is
// none.
std::size_t play_queue::state::make(std::span<std::int16_t> out) noexcept {
    while (is_playing_ || begin()) {
        section& present = sections_.front();
        const auto ahead = static_cast<std::size_t>(fed_ - gone_);
        std::size_t made = std::min(left_over_.size(), out.size());
        if (made != 0) {
            std::copy_n(left_over_.begin(), made, out.begin());
            left_over_ = left_over_.subspan(made);
        } else if (is_ending_ && zeros_left_ == 0) {
            account(fed_);
            is_playing_ = is_ending_ = false;
            continue;
        } else if (is_ending_) {
            std::size_t taken = 0;
            made = convert(std::span(zeros).first(std::min(zeros.size(), zeros_left_)), out, taken);
            zeros_left_ -= taken;
        } else if (present.samples == ahead) {
            is_ending_ = true;
            input_join_.cut();
            zeros_left_ = input_join_.fade();
            if (present.converter) zeros_left_ += present.converter->delay_samples();
            continue;
        } else {
            const auto in = samples_.at(ahead);
            std::size_t taken = 0;
            made = convert(in.first(std::min(in.size(), present.samples - ahead)), out, taken);
            fed_ += taken;
        }
        if (made == 0) continue;
        pulled_ += made;
        account(std::min(fed_, present.heard(pulled_)));
        return made;
    }
    return 0;
}

bool play_queue::state::begin() noexcept {
    const auto waits = [](const section& s) { return s.samples != 0; };
    const auto first = std::find_if(sections_.begin(), sections_.end(), waits);
    if (first == sections_.end()) return false;
    sections_.erase(sections_.begin(), first);
    section& present = sections_.front();
    if (present.converter) present.converter->reset();
    input_join_ = detail::level_join(present.rate);
    fed_ = pulled_ = gone_ = 0;
    is_playing_ = true;
    return true;
}

// Takes samples from the front of \p in: at least one, and at most as many as give output that fits
// \p out. If a single one gives more, the rest is left over.
std::size_t play_queue::state::convert(std::span<const std::int16_t> in,
                                       std::span<std::int16_t> out, std::size_t& taken) noexcept {
    std::array<std::int16_t, 512> joined;
    std::optional<resampler>& by = sections_.front().converter;
    std::size_t n = std::min(in.size(), joined.size());
    if (!by) {
        n = std::min(n, out.size());
    } else {
        const std::size_t most = n;
        const std::uint64_t about = std::uint64_t{out.size()} * by->in_rate() / by->out_rate();
        n = static_cast<std::size_t>(std::min<std::uint64_t>(n, about));
        while (n != 0 && by->output_size(n) > out.size()) --n;
        while (n != most && by->output_size(n + 1) <= out.size()) ++n;
    }
    taken = std::max<std::size_t>(n, 1);
    const auto input = std::span(joined).first(taken);
    std::copy_n(in.begin(), taken, input.begin());
    input_join_.pass(input);
    if (!by) {
        std::copy_n(input.begin(), n, out.begin());
        return n;
    }
    if (n != 0) return *by->process(input, out);
    left_over_ = std::span(last_made_).first(*by->process(input, last_made_));
    return 0;
}

// Accounts for samples of the section that were pulled since its converter began.
void play_queue::state::account(std::uint64_t gone) noexcept {
    auto n = static_cast<std::size_t>(gone - gone_);
    gone_ = gone;
    samples_.drop(n);
    sections_.front().samples -= n;
    for (queued_item& item : items_) {
        if (n == 0) break;
        const auto part =
            static_cast<std::size_t>(std::min<std::uint64_t>(n, item.pushed - item.played.samples));
        item.played.samples += part;
        n -= part;
    }
}

void play_queue::state::note_ended_items() noexcept {
    const auto has_ended = [](const queued_item& i) {
        return i.is_over && i.played.samples == i.pushed;
    };
    const auto first = std::find_if_not(items_.begin(), items_.end(), has_ended);
    for (auto i = items_.begin(); i != first; ++i) ended_.push_back(i->played);
    items_.erase(items_.begin(), first);
}

void play_queue::state::release_memory() noexcept {
    if (!ended_.empty()) return; // the caller must see them first; reset at a later call
    samples_.release();
    sections_ = std::vector<section>(); // {} would keep the memory
    items_ = std::vector<queued_item>();
    ended_ = std::vector<played_item>();
    holds_memory_ = false;
}

std::optional<played_item> play_queue::state::clear() noexcept {
    std::optional<played_item> first;
    if (!items_.empty()) first = items_.front().played;
    stop();
    samples_.clear();
    for (section& s : sections_) s.samples = 0;
    items_.clear();
    return first;
}

void play_queue::state::set_rate(std::uint32_t hz) {
    check_queue_rate("rate", hz);
    std::vector<section> changed;
    changed.reserve(sections_.size());
    for (const section& s : sections_) changed.emplace_back(s.rate, hz).samples = s.samples;
    stop(); // samples that were not pulled yet are fed again
    sections_ = std::move(changed);
    options_.rate = hz;
    join_.set_rate(hz);
    silent_ = 0;
}

play_queue::play_queue(const play_queue_options& options)
    : state_(std::make_unique<state>(options)) {}
play_queue::play_queue(play_queue&&) noexcept = default;
play_queue& play_queue::operator=(play_queue&&) noexcept = default;
play_queue::~play_queue() = default;

result<std::size_t> play_queue::push(std::span<const std::int16_t> pcm,
                                     std::uint64_t item) noexcept {
    return state_->push(pcm, item);
}
void play_queue::end_item() noexcept { state_->end_item(); }
std::size_t play_queue::room() const noexcept { return state_->room(); }
std::size_t play_queue::waiting() const noexcept { return state_->waiting(); }
pulled_audio play_queue::pull(std::span<std::int16_t> pcm) noexcept { return state_->pull(pcm); }
std::optional<played_item> play_queue::clear() noexcept { return state_->clear(); }
void play_queue::set_input_rate(std::uint32_t hz) { state_->set_input_rate(hz); }
void play_queue::set_rate(std::uint32_t hz) { state_->set_rate(hz); }
const play_queue_options& play_queue::options() const noexcept { return state_->options(); }
std::uint64_t play_queue::dry_runs() const noexcept { return state_->dry_runs(); }
bool play_queue::idle() const noexcept { return state_->idle(); }

} // namespace rtpsynth
