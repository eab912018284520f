#include "protocol/command.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <span>
#include <system_error>

namespace relay {
namespace {

constexpr std::size_t most_words = 8;
constexpr std::string_view digits = "0123456789";

bool is_blank(char c) noexcept { return c == ' ' || c == '\t'; }

/// Control characters, which include NUL, since some clients send it.
bool is_end(char c) noexcept { return static_cast<unsigned char>(c) <= ' '; }

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string_view trimmed(std::string_view line) noexcept {
    while (!line.empty() && is_end(line.back())) line.remove_suffix(1);
    while (!line.empty() && is_blank(line.front())) line.remove_prefix(1);
    return line;
}

/// The words of a line. `count` is most_words + 1 if there are more.
struct word_list {
    explicit word_list(std::string_view line) noexcept {
        while (!line.empty()) {
            const auto end = std::find_if(line.begin(), line.end(), is_blank);
            const auto size = static_cast<std::size_t>(end - line.begin());
            if (count == most_words) {
                ++count;
                return;
            }
            words[count++] = line.substr(0, size);
            line = trimmed(line.substr(size));
        }
    }

    std::array<std::string_view, most_words> words;
    std::size_t count = 0;
};

template <class Number>
bool parse_number(std::string_view text, Number& number) noexcept {
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, number);
    return error == std::errc{} && stop == end;
}

medium_tag to_tag(std::string_view text) noexcept {
    const std::size_t at = text.find(';');
    if (at == text.npos) return {text, {}};
    return {text.substr(0, at), text.substr(at + 1)};
}

/// Takes the characters in \p set from the front of \p text.
std::string_view take(std::string_view& text, std::string_view set) noexcept {
    const std::string_view taken = text.substr(0, text.find_first_not_of(set));
    text.remove_prefix(taken.size());
    return taken;
}

/// Modifiers of U and L. Those without a meaning here are skipped: they ask for what a relay does
/// anyway (s: symmetric), or for what is not offered (z: another packet length).
bool parse_modifiers(std::string_view text, command& c) noexcept {
    std::array<network, 2> networks{};
    std::size_t named = 0;
    while (!text.empty()) {
        const char letter = lower(text.front());
        text.remove_prefix(1);
        switch (letter) {
        case 'a':
            c.is_asymmetric = true;
            break;
        case 's':
            c.is_asymmetric = false;
            break;
        case 'i':
        case 'e':
            if (named == networks.size()) return false;
            networks[named++] = letter == 'i' ? network::internal : network::external;
            break;
        case 'c':
            c.codecs = take(text, "0123456789,");
            break;
        case 'l':
            c.local_address = take(text, "0123456789.");
            break;
        case 'r':
            take(text, "0123456789.");
            break;
        case 'm':
            take(text, "0123456789=,");
            break;
        case 'd':
        case 'p':
        case 't':
        case 'u':
        case 'z':
            take(text, digits);
            break;
        case '4':
        case '6': // the address shows its family
        case 'b':
        case 'n':
        case 'w':
            break;
        default:
            return false;
        }
    }
    if (named == 1) networks[1] = networks[0];
    if (named != 0) c.networks = networks;
    return true;
}

/// Only letters and digits, of which none matters.
bool is_plain(std::string_view modifiers) noexcept {
    return std::all_of(modifiers.begin(), modifiers.end(), [](char c) {
        return (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9');
    });
}

using words_view = std::span<const std::string_view>;
using outcome = std::optional<protocol_error>;

/// FROM-TAG [TO-TAG]
outcome parse_tags(words_view words, command& c) noexcept {
    if (words.empty() || words.size() > 2) return protocol_error::wrong_arguments;
    c.from = to_tag(words[0]);
    if (words.size() == 2) c.to = to_tag(words[1]);
    return c.from.tag.empty() ? outcome{protocol_error::wrong_arguments} : std::nullopt;
}

outcome parse_offer(words_view words, std::string_view modifiers, command& c) noexcept {
    const bool is_update = c.what == verb::update;
    const std::size_t least = is_update ? 4 : 5, most = is_update ? 7 : 5;
    if (words.size() < least || words.size() > most) return protocol_error::wrong_arguments;
    if (!parse_modifiers(modifiers, c)) return protocol_error::wrong_modifiers;
    c.call_id = words[0];
    c.address = words[1];
    if (!parse_number(words[2], c.port)) return protocol_error::wrong_address;
    if (const auto error =
            parse_tags(words.subspan(3, std::min<std::size_t>(words.size(), 5) - 3), c))
        return error;
    if (words.size() > 5) c.notify_socket = words[5];
    if (words.size() > 6) c.notify_tag = words[6];
    return std::nullopt;
}

outcome parse_play(words_view words, std::string_view modifiers, command& c) noexcept {
    if (words.size() < 4) return protocol_error::wrong_arguments;
    if (!modifiers.empty() && (!parse_number(modifiers, c.repetitions) || c.repetitions < -1))
        return protocol_error::wrong_modifiers;
    c.call_id = words[0];
    c.target = words[1];
    c.codecs = words[2];
    return parse_tags(words.subspan(3), c);
}

/// CALL-ID [COPY-TARGET] FROM-TAG [TO-TAG]
outcome parse_call(words_view words, std::string_view modifiers, bool has_target,
                   command& c) noexcept {
    const std::size_t tags = has_target ? 2 : 1;
    if (words.size() <= tags) return protocol_error::wrong_arguments;
    if (!is_plain(modifiers)) return protocol_error::wrong_modifiers;
    c.call_id = words[0];
    if (has_target) c.target = words[1];
    return parse_tags(words.subspan(tags), c);
}

outcome parse_version(words_view words, std::string_view modifiers, command& c) noexcept {
    if (modifiers.empty())
        return words.empty() ? std::nullopt : outcome{protocol_error::wrong_arguments};
    if (modifiers.size() != 1 || lower(modifiers[0]) != 'f') return protocol_error::wrong_modifiers;
    if (words.size() != 1) return protocol_error::wrong_arguments;
    c.what = verb::capability;
    c.capability = words[0];
    return std::nullopt;
}

outcome parse_lone(words_view words, std::string_view modifiers) noexcept {
    if (!words.empty()) return protocol_error::wrong_arguments;
    if (!is_plain(modifiers)) return protocol_error::wrong_modifiers;
    return std::nullopt;
}

outcome parse_words(words_view words, command& c) noexcept {
    const std::string_view modifiers = words[0].substr(1);
    const words_view arguments = words.subspan(1);
    switch (lower(words[0][0])) {
    case 'v':
        c.what = verb::version;
        return parse_version(arguments, modifiers, c);
    case 'u':
        c.what = verb::update;
        return parse_offer(arguments, modifiers, c);
    case 'l':
        c.what = verb::lookup;
        return parse_offer(arguments, modifiers, c);
    case 'd':
        c.what = verb::remove;
        return parse_call(arguments, modifiers, false, c);
    case 'x':
        c.what = verb::remove_all;
        return parse_lone(arguments, modifiers);
    case 'p':
        c.what = verb::play;
        return parse_play(arguments, modifiers, c);
    case 's':
        c.what = verb::stop;
        return parse_call(arguments, modifiers, false, c);
    case 'r':
        c.what = verb::record;
        return parse_call(arguments, modifiers, false, c);
    case 'c':
        c.what = verb::record;
        return parse_call(arguments, modifiers, true, c);
    case 'q':
        c.what = verb::query;
        return parse_call(arguments, modifiers, false, c);
    case 'i':
        c.what = verb::information;
        return parse_lone(arguments, modifiers);
    default:
        return protocol_error::unknown_command;
    }
}

} // namespace

std::variant<command, protocol_error> parse_command(std::string_view line) noexcept {
    const word_list found(trimmed(line));
    if (found.count == 0) return protocol_error::unknown_command;
    command c;
    if (found.count > most_words) return protocol_error::wrong_arguments;
    if (const auto error = parse_words(words_view(found.words).first(found.count), c))
        return *error;
    return c;
}

std::optional<cookie_line> split_cookie(std::string_view datagram) noexcept {
    const std::string_view line = trimmed(datagram);
    const auto end = std::find_if(line.begin(), line.end(), is_blank);
    if (end == line.end()) return std::nullopt;
    const auto size = static_cast<std::size_t>(end - line.begin());
    return cookie_line{line.substr(0, size), trimmed(line.substr(size))};
}

bool has_capability(std::string_view date) noexcept {
    // The basic protocol; several media and music on hold; modifiers of V; copies of a stream; Q;
    // codecs of U and L; notification of timeouts; bridging of IPv4 and IPv6.
    static constexpr std::array<std::string_view, 8> known{"20040107", "20050322", "20060704",
                                                           "20071218", "20080403", "20081102",
                                                           "20081224", "20090810"};
    return std::find(known.begin(), known.end(), date) != known.end();
}

} // namespace relay
