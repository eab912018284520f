# What every target of ours is compiled with: strict warnings, C++20 without extensions, hidden
# symbols. All of it is PRIVATE: what a user compiles is the user's business.

function(rtpsynth_target name)
    target_compile_features(${name} PRIVATE cxx_std_20 c_std_99)
    set_target_properties(${name} PROPERTIES
        CXX_EXTENSIONS OFF
        C_EXTENSIONS OFF
        CXX_VISIBILITY_PRESET hidden
        C_VISIBILITY_PRESET hidden
        VISIBILITY_INLINES_HIDDEN ON)
    if(MSVC) # the compiler, or Clang's with its options
        # Sources are UTF-8; __cplusplus is what it says; Asio and Boost.Test need many sections.
        target_compile_options(${name} PRIVATE
            /W4 /utf-8 /Zc:__cplusplus /bigobj
            $<$<BOOL:${RTPSYNTH_WARNINGS_AS_ERRORS}>:/WX>)
    else()
        target_compile_options(${name} PRIVATE
            -Wall -Wextra -Wpedantic -Wconversion -Wshadow
            # GCC 12 and 13 warn of "literal" + std::string inside their own header (PR 105651).
            $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>
            $<$<BOOL:${RTPSYNTH_WARNINGS_AS_ERRORS}>:-Werror>)
    endif()
    if(RTPSYNTH_SANITIZE)
        target_compile_options(${name} PRIVATE
            -fsanitize=${RTPSYNTH_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
        target_link_options(${name} PRIVATE -fsanitize=${RTPSYNTH_SANITIZE})
    endif()
endfunction()
