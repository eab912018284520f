/* Shared by the tests of the jitter buffer's C face: makes packets of one stream, and checks and
 * gives back what was handed out. For a test of one source file. */
#ifndef RTPSYNTH_TEST_RTPJBUF_PACKETS_H
#define RTPSYNTH_TEST_RTPJBUF_PACKETS_H

#include <rtpjbuf.h>

#include <string.h>

/* Packets of one stream, 160 units and `size` bytes of payload each, to be borrowed by buffers. */
enum { HEADER = 12, PAYLOAD = 33, PACKETS = 700 };
static unsigned char packet[PACKETS][HEADER + PAYLOAD];

static inline void write_header(unsigned char* p, int pt, unsigned seq, uint32_t ts,
                                uint32_t ssrc) {
    int i;
    p[0] = 0x80;
    p[1] = (unsigned char)pt;
    p[2] = (unsigned char)(seq >> 8);
    p[3] = (unsigned char)seq;
    for (i = 0; i != 4; ++i) {
        p[4 + i] = (unsigned char)(ts >> (24 - 8 * i));
        p[8 + i] = (unsigned char)(ssrc >> (24 - 8 * i));
    }
}

static inline void make_packets(void) {
    unsigned i;
    for (i = 0; i != PACKETS; ++i) write_header(packet[i], 0, i, 1000 + 160 * i, 0xa1b2c3d4);
}

/* Puts in number n, a PCMU packet of 20 bytes of payload. */
static inline struct rjb_udp_in_r put(void* jb, int n) {
    return rtpjbuf_udp_in(jb, packet[n], HEADER + 20);
}

static inline int length(const struct rtp_frame* f) {
    int n = 0;
    for (; f != NULL; f = f->next) ++n;
    return n;
}

static inline int is_packet(const struct rtp_frame* f, int n) {
    return f != NULL && f->type == RFT_RTP && f->rtp.info.seq == n && f->rtp.data == packet[n];
}

static inline int is_erasure(const struct rtp_frame* f, uint64_t start, uint64_t end,
                             uint32_t ts_diff, int restart) {
    return f != NULL && f->type == RFT_ERS && f->ers.lseq_start == start &&
           f->ers.lseq_end == end && f->ers.ts_diff == ts_diff && f->ers.restart == restart;
}

static inline void release(struct rtp_frame* f) {
    while (f != NULL) {
        struct rtp_frame* const next = f->next;
        rtpjbuf_frame_dtor(f);
        f = next;
    }
}

/* Gives both lists back; returns 1 if they were as long as stated and there was no error. */
static inline int done(struct rjb_udp_in_r r, int ready, int drop) {
    const int ok = r.error == 0 && length(r.ready) == ready && length(r.drop) == drop;
    release(r.ready);
    release(r.drop);
    return ok;
}

static inline int is_nothing(struct rjb_udp_in_r r, int error) {
    return r.error == error && r.ready == NULL && r.drop == NULL;
}

static inline struct rtpjbuf_stats stats_of(const void* jb) {
    struct rtpjbuf_stats s;
    memset(&s, 0xff, sizeof s);
    rtpjbuf_get_stats(jb, &s);
    return s;
}

#endif
