# What every target of ours is compiled with: strict warnings, C++20 without extensions, hidden
# symbols. All of it is PRIVATE: what a user compiles is the user's business.

# Clang's sanitizers bring an operator new in a static library, which takes the place of one that a
# test has. AddressSanitizer's is to be had as a shared library, too, which an interpreter can load;
# libFuzzer's programs do not start with it.
set(own_operator_new ON)
set(coroutine_options)
if(RTPSYNTH_SANITIZE AND CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    if(RTPSYNTH_SANITIZE MATCHES "address" AND NOT RTPSYNTH_SANITIZE MATCHES "fuzzer")
        set(asan_library libclang_rt.asan-${CMAKE_SYSTEM_PROCESSOR}.so)
        execute_process(COMMAND ${CMAKE_CXX_COMPILER} -print-file-name=${asan_library}
            OUTPUT_VARIABLE asan_library OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
        cmake_path(GET asan_library PARENT_PATH asan_dir)
        add_link_options(-shared-libsan)
        list(APPEND CMAKE_BUILD_RPATH ${asan_dir})
    else()
        set(own_operator_new OFF)
    endif()
    if(CMAKE_CXX_COMPILER_VERSION VERSION_LESS 17)
        # It cannot compile coroutines with it: LLVM's issue 49689.
        set(coroutine_options -fno-sanitize=function)
    endif()
endif()

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
            -fsanitize=${RTPSYNTH_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer
            ${coroutine_options})
        target_link_options(${name} PRIVATE -fsanitize=${RTPSYNTH_SANITIZE})
    endif()
endfunction()
