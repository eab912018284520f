/* The C face of the SDP reader, as a C99 program uses it. */
#include <rtpsdp.h>

#include "check.h"

#include <string.h>

static const char offer[] = "v=0\r\n"
                            "o=- 1 1 IN IP4 192.0.2.1\r\n"
                            "s=-\r\n"
                            "c=IN IP4 192.0.2.1\r\n"
                            "t=0 0\r\n"
                            "m=audio 4000 RTP/AVP 8 96 101 13 97\r\n"
                            "a=rtpmap:96 opus/48000/2\r\n"
                            "a=fmtp:96 useinbandfec=1\r\n"
                            "a=rtpmap:101 telephone-event/8000\r\n"
                            "a=ptime:20\r\n"
                            "a=maxptime:60\r\n"
                            "a=rtcp:4009\r\n"
                            "a=sendonly\r\n"
                            "m=nonsense\r\n"
                            "m=video 0 UDP/TLS/RTP/SAVPF 31\r\n"
                            "c=IN IP6 2001:db8::1\r\n"
                            "a=rtcp-mux\r\n"
                            "a=bundle-only\r\n"
                            "a=fingerprint:sha-256 00:11\r\n"
                            "m=application 5 UDP/DTLS/SCTP webrtc-datachannel\r\n"
                            "a=inactive\r\n";

static void a_description_is_read(void) {
    struct rtpsdp* const sdp = rtpsdp_parse(offer, sizeof offer - 1);
    struct rtpsdp_media m;
    CHECK(rtpsdp_media_at(sdp, 0, &m) == 1);
    CHECK(strcmp(m.type, "audio") == 0 && strcmp(m.protocol, "RTP/AVP") == 0);
    CHECK(strcmp(m.address, "192.0.2.1") == 0 && m.ipv6 == 0 && m.port == 4000);
    CHECK(m.rtcp_port == 4009 && m.rtcp_mux == 0 && m.bundle_only == 0 && m.fingerprint == 0);
    CHECK(m.is_rtp == 1 && m.is_secure == 0 && m.direction == RTPSDP_SENDONLY);
    CHECK(m.ptime_ns == 20000000 && m.maxptime_ns == 60000000);

    CHECK(rtpsdp_media_at(sdp, 1, &m) == 1); /* malformed */
    CHECK(strcmp(m.type, "") == 0 && m.port == 0 && m.is_rtp == 0);

    CHECK(rtpsdp_media_at(sdp, 2, &m) == 1);
    CHECK(strcmp(m.type, "video") == 0 && strcmp(m.address, "2001:db8::1") == 0 && m.ipv6 == 1);
    CHECK(m.port == 0 && m.rtcp_port == -1 && m.rtcp_mux == 1 && m.bundle_only == 1);
    CHECK(m.is_rtp == 1 && m.is_secure == 1 && m.fingerprint == 1);
    CHECK(m.direction == RTPSDP_SENDRECV && m.ptime_ns == 0 && m.maxptime_ns == 0);

    CHECK(rtpsdp_media_at(sdp, 3, &m) == 1);
    CHECK(m.is_rtp == 0 && m.is_secure == 0 && m.direction == RTPSDP_INACTIVE);
    CHECK(rtpsdp_media_at(sdp, 4, &m) == 0 && rtpsdp_media_at(sdp, SIZE_MAX, &m) == 0);
    CHECK(m.direction == RTPSDP_INACTIVE); /* not touched */
    rtpsdp_dtor(sdp);
}

static void formats_are_read(void) {
    struct rtpsdp* const sdp = rtpsdp_parse(offer, sizeof offer - 1);
    struct rtpsdp_format f;
    CHECK(rtpsdp_format_at(sdp, 0, 0, &f) == 1);
    CHECK(f.payload_type == 8 && strcmp(f.encoding, "PCMA/8000") == 0 && f.kind == RTPSDP_MEDIA);
    CHECK(f.clock_rate == 8000 && f.channels == 1 && strcmp(f.fmtp, "") == 0);
    CHECK(rtpsdp_format_at(sdp, 0, 1, &f) == 1);
    CHECK(f.payload_type == 96 && strcmp(f.encoding, "opus/48000/2") == 0);
    CHECK(f.kind == RTPSDP_MEDIA && f.clock_rate == 48000 && f.channels == 2);
    CHECK(strcmp(f.fmtp, "useinbandfec=1") == 0);
    CHECK(rtpsdp_format_at(sdp, 0, 2, &f) == 1);
    CHECK(f.payload_type == 101 && f.kind == RTPSDP_EVENT && f.clock_rate == 8000);
    CHECK(rtpsdp_format_at(sdp, 0, 3, &f) == 1);
    CHECK(f.payload_type == 13 && f.kind == RTPSDP_COMFORT_NOISE);
    CHECK(rtpsdp_format_at(sdp, 0, 4, &f) == 1);
    CHECK(f.payload_type == 97 && f.kind == RTPSDP_UNKNOWN && f.clock_rate == 0);
    CHECK(strcmp(f.encoding, "") == 0);
    CHECK(rtpsdp_format_at(sdp, 0, 5, &f) == 0 && f.payload_type == 97);
    CHECK(rtpsdp_format_at(sdp, 1, 0, &f) == 0 && rtpsdp_format_at(sdp, 4, 0, &f) == 0);
    CHECK(rtpsdp_format_at(sdp, 2, 0, &f) == 1 && strcmp(f.encoding, "H261/90000") == 0);
    rtpsdp_dtor(sdp);
}

static void what_is_no_description_is_refused(void) {
    struct rtpsdp* const sdp = rtpsdp_parse(offer, sizeof offer - 1);
    struct rtpsdp_media m;
    struct rtpsdp_format f;
    struct rtpsdp* part;
    CHECK(rtpsdp_parse(NULL, 0) == NULL && rtpsdp_parse(NULL, 100) == NULL);
    CHECK(rtpsdp_parse("", 0) == NULL && rtpsdp_parse("hello", 5) == NULL);
    part = rtpsdp_parse(offer, 5); /* no more than that */
    CHECK(part != NULL && rtpsdp_media_at(part, 0, &m) == 0);
    CHECK(rtpsdp_media_at(NULL, 0, &m) == 0 && rtpsdp_media_at(sdp, 0, NULL) == 0);
    CHECK(rtpsdp_format_at(NULL, 0, 0, &f) == 0 && rtpsdp_format_at(sdp, 0, 0, NULL) == 0);
    rtpsdp_dtor(NULL);
    rtpsdp_dtor(part);
    rtpsdp_dtor(sdp);
}

int main(void) {
    a_description_is_read();
    formats_are_read();
    what_is_no_description_is_refused();
    return CHECK_RESULT();
}
