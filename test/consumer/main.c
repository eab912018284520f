/* A C99 program that uses what is installed: makes 20 packets, loses one, swaps two, and checks
 * that the jitter buffer puts the rest in order and marks the loss. */
#include <rtpjbuf.h>
#include <rtpsynth.h>
#include <rtpsynth/base/version.h>

#include <stdio.h>

enum { packets = 20, lost = 7, swapped = 12, payload_size = 160, pcmu = 0 };

struct played {
    int packets, erased, bad;
    uint64_t next_lseq;
};

static void play(struct rtp_frame* frame, struct played* all) {
    while (frame != NULL) {
        struct rtp_frame* next = frame->next;
        if (frame->type == RFT_RTP) {
            if (all->packets + all->erased != 0 && frame->rtp.lseq != all->next_lseq) all->bad++;
            if (frame->rtp.info.data_size != payload_size) all->bad++;
            if (frame->rtp.info.nsamples != payload_size) all->bad++;
            all->next_lseq = frame->rtp.lseq + 1;
            all->packets++;
            rsynth_pkt_free((void*)frame->rtp.data);
        } else {
            if (frame->ers.lseq_start != all->next_lseq) all->bad++;
            if (frame->ers.ts_diff != payload_size) all->bad++;
            all->next_lseq = frame->ers.lseq_end + 1;
            all->erased += (int)(frame->ers.lseq_end - frame->ers.lseq_start + 1);
        }
        rtpjbuf_frame_dtor(frame);
        frame = next;
    }
}

int main(void) {
    void* synth = rsynth_ctor(8000, 20);
    void* buffer = rtpjbuf_ctor(5);
    unsigned char* packet[packets];
    struct played all = {0, 0, 0, 0};
    int i;

    if (synth == NULL || buffer == NULL) return 1;
    for (i = 0; i < packets; i++) {
        packet[i] = rsynth_next_pkt(synth, payload_size, pcmu);
        if (packet[i] == NULL) return 1;
    }
    for (i = 0; i < packets; i++) {
        const int from = i == swapped ? i + 1 : i == swapped + 1 ? i - 1 : i;
        struct rjb_udp_in_r result;
        if (from == lost) {
            rsynth_pkt_free(packet[from]);
            continue;
        }
        result = rtpjbuf_udp_in(buffer, packet[from], 12 + payload_size);
        if (result.error != 0 || result.drop != NULL) return 1;
        play(result.ready, &all);
    }
    play(rtpjbuf_flush(buffer).ready, &all);
    rtpjbuf_dtor(buffer);
    rsynth_dtor(synth);

    printf("C, rtpsynth %d: %d packets in order, %d lost, %d wrong\n", rsynth_version(),
           all.packets, all.erased, all.bad);
    return !(all.packets == packets - 1 && all.erased == 1 && all.bad == 0 &&
             rsynth_version() == RTPSYNTH_VERSION);
}
