#include <rtpsynth/metrics/page.hpp>

#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <stdexcept>
#include <utility>

namespace rtpsynth {
namespace {

bool is_metric_name(std::string_view name) noexcept {
    if (name.empty()) return false;
    for (std::size_t i = 0; i != name.size(); ++i) {
        const char c = name[i];
        const bool letter =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':';
        if (!letter && (i == 0 || c < '0' || c > '9')) return false;
    }
    return true;
}

template <class Number>
void append_number(std::string& to, Number value) {
    std::array<char, 32> text;
    const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
    to.append(text.data(), end);
}

void append_number(std::string& to, double value) {
    if (std::isnan(value))
        to += "NaN";
    else if (std::isinf(value))
        to += value > 0 ? "+Inf" : "-Inf";
    else
        append_number<double>(to, value);
}

double in_seconds(duration d) noexcept { return std::chrono::duration<double>(d).count(); }

template <class Number>
void append_sample(std::string& to, std::string_view name, std::string_view suffix,
                   const std::string& labels, Number value) {
    to += name;
    to += suffix;
    if (!labels.empty()) to.append("{").append(labels).append("}");
    to += ' ';
    append_number(to, value);
    to += '\n';
}

} // namespace

void metrics_page::add(std::string_view name, std::string_view help, const char* type,
                       std::string samples) {
    std::string key{name};
    if (const auto found = by_name_.find(key); found != by_name_.end()) {
        family& f = families_[found->second];
        if (std::string_view{f.type} != type)
            throw std::invalid_argument("metric '" + key + "' is a " + f.type);
        f.samples += samples;
        return;
    }
    if (!is_metric_name(name)) throw std::invalid_argument("'" + key + "' is no name of a metric");
    std::string head = "# HELP " + key + ' ';
    for (const char c : help) {
        if (c == '\\' || c == '\n') head += '\\';
        head += c == '\n' ? 'n' : c;
    }
    head.append("\n# TYPE ").append(key).append(" ").append(type).append("\n");
    families_.push_back({std::move(head), type, std::move(samples)});
    try {
        by_name_.emplace(std::move(key), families_.size() - 1);
    } catch (...) {
        families_.pop_back();
        throw;
    }
}

void metrics_page::counter(std::string_view name, std::string_view help, std::uint64_t value,
                           const metric_labels& labels) {
    std::string sample;
    append_sample(sample, name, "", labels.text(), value);
    add(name, help, "counter", std::move(sample));
}

void metrics_page::gauge(std::string_view name, std::string_view help, double value,
                         const metric_labels& labels) {
    std::string sample;
    append_sample(sample, name, "", labels.text(), value);
    add(name, help, "gauge", std::move(sample));
}

void metrics_page::histogram(std::string_view name, std::string_view help,
                             const duration_histogram& values, const metric_labels& labels) {
    constexpr unsigned least_bits = 10, most_bits = 36;
    std::array<std::uint64_t, most_bits - least_bits + 1> counts{};
    values.for_each_bucket([&](duration, duration high, std::uint64_t count) {
        for (unsigned bits = least_bits; bits <= most_bits; ++bits)
            if (high.count() < std::int64_t{1} << bits) counts[bits - least_bits] += count;
    });
    std::string samples;
    const std::string before = labels.text().empty() ? "" : labels.text() + ',';
    const auto bucket = [&](std::string_view limit, std::uint64_t count) {
        append_sample(samples, name, "_bucket", before + "le=\"" + std::string{limit} + '"', count);
    };
    for (unsigned bits = least_bits; bits <= most_bits; ++bits) {
        std::string limit;
        append_number(limit, in_seconds(duration{(std::int64_t{1} << bits) - 1}));
        bucket(limit, counts[bits - least_bits]);
    }
    bucket("+Inf", values.count());
    append_sample(samples, name, "_sum", labels.text(), values.sum());
    append_sample(samples, name, "_count", labels.text(), values.count());
    add(name, help, "histogram", std::move(samples));
}

std::string metrics_page::text() const {
    std::size_t size = 0;
    for (const family& f : families_) size += f.head.size() + f.samples.size();
    std::string all;
    all.reserve(size);
    for (const family& f : families_) all.append(f.head).append(f.samples);
    return all;
}

} // namespace rtpsynth
