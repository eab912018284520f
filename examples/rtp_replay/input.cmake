# The files between a capture and its datagrams: rtp_replay's and the fuzzer's.
set(replay_input_sources
    byte_source.cpp
    capture.cpp
    coalesced.cpp
    dissector.cpp
    fragment_table.cpp
    frame_counts.cpp
    ip_packet.cpp
    link_layer.cpp
    packet_framing.cpp
    pcap_reader.cpp
    pcapng_reader.cpp
    tcp_stream.cpp
    tcp_table.cpp
    tunnels.cpp
    udp_packet.cpp
    wireless.cpp)
