/* Cookbook: a hundred packets, some of them lost, to a hundred ticks of audio in C. */
#include <rtpplay.h>
#include <rtpsynth.h>
#include <stdio.h>

int main(void) {
    struct rtpplay_opts opts = RTPPLAY_OPTS_INIT(16000); /* of the audio that is pulled, Hz */
    void* play = rtpplay_ctor(&opts);
    void* synth = rsynth_ctor(8000, 20); /* 8 kHz, a packet every 20 ms */
    unsigned char packet[12 + 160];
    int16_t pcm[320]; /* 20 ms */
    struct rtpplay_stats stats;
    if (rtpplay_add_codec(play, 0, "PCMU/8000") != RTPPLAY_OK) return 1;
    for (int tick = 0; tick < 100; tick++) {
        const int64_t now_ns = tick * 20000000LL;
        rsynth_next_pkt_pa(synth, 160, 0, (char*)packet, sizeof packet, 0);
        if (tick % 20 != 7) rtpplay_insert(play, packet, sizeof packet, now_ns);
        rtpplay_pull(play, now_ns + 5000000, pcm, 320); /* and to the loudspeaker */
    }
    rtpplay_get_stats(play, &stats);
    printf("%d packets played, %d ticks with concealment\n", (int)stats.played,
           (int)stats.ticks[RTPPLAY_CONCEALED]);
    rsynth_dtor(synth);
    rtpplay_dtor(play);
}
