/* Cookbook: four packets, the second lost, through the jitter buffer in C. */
#include <rtpjbuf.h>
#include <rtpsynth.h>
#include <stdio.h>

/* Every packet is given back, those that were dropped too. */
static void take(struct rjb_udp_in_r result) {
    struct rtp_frame *frame, *next;
    for (frame = result.ready; frame != NULL; frame = next) {
        next = frame->next;
        puts(frame->type == RFT_RTP ? "play" : "conceal");
        rtpjbuf_frame_dtor(frame);
    }
    for (frame = result.drop; frame != NULL; frame = next) {
        next = frame->next;
        rtpjbuf_frame_dtor(frame);
    }
}

int main(void) {
    void* synth = rsynth_ctor(8000, 20); /* 8 kHz, a packet every 20 ms */
    void* buffer = rtpjbuf_ctor(2);      /* waits for one packet, not for two */
    unsigned char packet[4][12 + 160];
    for (int i = 0; i < 4; i++) {
        rsynth_next_pkt_pa(synth, 160, 0, (char*)packet[i], sizeof packet[i], 0); /* PCMU */
        if (i != 1) take(rtpjbuf_udp_in(buffer, packet[i], sizeof packet[i]));
    }
    take(rtpjbuf_flush(buffer)); /* what still waits */
    rtpjbuf_dtor(buffer);
    rsynth_dtor(synth);
}
