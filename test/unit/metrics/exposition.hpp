// A strict reader of Prometheus's text format 0.0.4, for tests: by its specification and not by
// what writes it.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <limits>
#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace exposition {

struct reader {
    std::string_view rest;

    [[noreturn]] void fail(const char* why) const {
        throw std::runtime_error{why + (" before: " + std::string{rest.substr(0, 60)})};
    }
    bool take(std::string_view what) {
        if (!rest.starts_with(what)) return false;
        rest.remove_prefix(what.size());
        return true;
    }
    void expect(std::string_view what) {
        if (!take(what)) fail("something else");
    }
    std::string name(bool of_label) {
        std::size_t n = 0;
        const auto fits = [&](char c) {
            return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
                   (n && c >= '0' && c <= '9') || (!of_label && c == ':');
        };
        while (n != rest.size() && fits(rest[n])) ++n;
        if (n == 0) fail("no name");
        const std::string found{rest.substr(0, n)};
        rest.remove_prefix(n);
        return found;
    }
    /// Up to \p end, with its escapes undone.
    std::string escaped(char end, bool with_quote) {
        std::string text;
        for (;;) {
            if (rest.empty()) fail("no end");
            char c = rest[0];
            rest.remove_prefix(1);
            if (c == end) return text;
            if (c == '\n') fail("the end of the line");
            if (c == '\\') {
                if (rest.empty()) fail("no end");
                c = rest[0];
                rest.remove_prefix(1);
                if (c != '\\' && c != 'n' && !(c == '"' && with_quote)) fail("an escape");
                if (c == 'n') c = '\n';
            }
            text += c;
        }
    }
    std::string until(char end) {
        const std::size_t n = rest.find(end);
        if (n == std::string_view::npos) fail("no end");
        const std::string found{rest.substr(0, n)};
        rest.remove_prefix(n + 1);
        return found;
    }
};

inline double number(const std::string& text) {
    if (text == "NaN") return std::numeric_limits<double>::quiet_NaN();
    if (text == "+Inf") return std::numeric_limits<double>::infinity();
    if (text == "-Inf") return -std::numeric_limits<double>::infinity();
    if (text.find_first_not_of("0123456789+-.e") != std::string::npos)
        throw std::runtime_error{"no number: " + text};
    char* end = nullptr;
    const double value = std::strtod(text.c_str(), &end);
    if (text.empty() || *end) throw std::runtime_error{"no number: " + text};
    return value;
}

using labels = std::map<std::string, std::string>;

struct family {
    std::string type, help;
    std::map<std::pair<std::string, labels>, double> samples;
};

/// By name. \throws std::runtime_error for what the format does not allow, for samples under a TYPE
/// that is not theirs and for what is there twice.
inline std::map<std::string, family> read(std::string_view text) {
    std::map<std::string, family> all;
    reader in{text};
    while (!in.rest.empty()) {
        in.expect("# HELP ");
        const std::string name = in.name(false);
        if (all.count(name)) in.fail("a family twice");
        family& f = all[name];
        in.expect(" ");
        f.help = in.escaped('\n', false);
        in.expect("# TYPE " + name + " ");
        f.type = in.until('\n');
        if (f.type != "counter" && f.type != "gauge" && f.type != "histogram") in.fail("a type");
        while (!in.rest.empty() && in.rest[0] != '#') {
            const std::string sample = in.name(false);
            const std::set<std::string> allowed =
                f.type == "histogram"
                    ? std::set<std::string>{name + "_bucket", name + "_sum", name + "_count"}
                    : std::set<std::string>{name};
            if (!allowed.count(sample)) in.fail("a sample of another family");
            labels set;
            if (in.take("{")) do {
                    const std::string label = in.name(true);
                    in.expect("=\"");
                    if (!set.emplace(label, in.escaped('"', true)).second) in.fail("a label twice");
                } while (in.take(","));
            if (!set.empty()) in.expect("}");
            in.expect(" ");
            if (!f.samples.emplace(std::pair{sample, set}, number(in.until('\n'))).second)
                in.fail("a sample twice");
        }
        if (f.samples.empty()) in.fail("a family without samples");
    }
    return all;
}

} // namespace exposition
