/// \file
/// Audio files that are played to a side of a call.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace relay {

/// A prompt, encoded: the payloads of its packets, one after the other.
struct prompt {
    static constexpr std::size_t payload_size = 160; ///< 20 ms of PCMU, PCMA or G722

    std::uint8_t payload_type = 0;
    std::vector<std::uint8_t> payloads; ///< a multiple of payload_size; not empty
};

/// The prompts of a directory. `NAME.0`, `NAME.8` and `NAME.9` are played as they are: the encoded
/// audio of PCMU, PCMA and G722. Otherwise `NAME`, or `NAME.wav`, is an audio file, which is
/// encoded when it is first played. A prompt is kept as long as somebody plays it.
class prompt_library {
public:
    /// \param directory nullopt: there is no prompt
    explicit prompt_library(const std::optional<std::filesystem::path>& directory);

    /// \param name a path in the directory, or an absolute one that leads there
    /// \param codecs payload types in order of preference, `8,0,101`; empty: 0
    /// \return nullptr if there is no such prompt, or none in these codecs
    std::shared_ptr<const prompt> find(std::string_view name, std::string_view codecs);

private:
    std::shared_ptr<const prompt> load(const std::filesystem::path& path, std::uint8_t type);

    std::optional<std::filesystem::path> directory_; // canonical
    std::unordered_map<std::string, std::weak_ptr<const prompt>> played_;
};

} // namespace relay
