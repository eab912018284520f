# What finds streams among packets; the fuzz target has it, too.
set(replay_finder_sources
    candidate_pool.cpp
    media_directory.cpp
    payload_resolver.cpp
    payload_use.cpp
    rtp_input.cpp
    rtp_stream.cpp
    sdp.cpp
    sip.cpp
    stream_finder.cpp)
