/* Cookbook: two seconds of G.722 with two digits, one packet lost, from microphone to ear in C. */
#include <rtpevent.h>
#include <rtpquality.h>
#include <rtpsynth.h>
#include <stdio.h>

enum { g722 = 9, digits = 101, size_48k = 960, size_16k = 320, payload_size = 160 }; /* 20 ms */

struct phone { /* what receives */
    struct rtpaudio_decoder* decoder;
    struct rtpaudio_concealer* concealer;
    struct rtpevent_receiver* events;
    struct rtpquality* quality;
};

/* A tick of audio from the packet that is due. NULL: it was lost. */
static void hear(struct phone* phone, const unsigned char* packet, size_t size, int16_t* pcm) {
    if (packet != NULL && rtpaudio_decoder_decode(phone->decoder, packet + 12, size - 12, pcm,
                                                  size_16k) == size_16k) {
        rtpaudio_concealer_receive(phone->concealer, pcm, size_16k);
        rtpquality_received(phone->quality, 1);
    } else {
        rtpaudio_concealer_conceal(phone->concealer, pcm, size_16k, NULL, 0);
        rtpquality_lost(phone->quality, 1);
    }
}

static void see(const struct rtpevent_change* changes, int n) {
    for (int i = 0; i < n; i++)
        if (changes[i].kind == RTPEVENT_ENDED)
            printf("key %c: %d ms\n", changes[i].digit, (int)(changes[i].length_ns / 1000000));
}

int main(void) {
    void* synth = rsynth_ctor(8000, 20); /* the clock of G.722's timestamps */
    struct rtpaudio_resampler* resampler = rtpaudio_resampler_ctor(48000, 16000, RTPAUDIO_STANDARD);
    struct rtpaudio_encoder* encoder = rtpaudio_encoder_ctor("G722/8000", NULL);
    struct rtpevent_sender* keys = rtpevent_sender_ctor(8000);
    struct phone phone = {rtpaudio_decoder_ctor("G722/8000", NULL), rtpaudio_concealer_ctor(16000),
                          rtpevent_receiver_ctor(8000), rtpquality_ctor(NULL)};
    struct rtpevent_change changes[RTPEVENT_MAX_CHANGES];
    struct rtpquality_rating rating;
    int16_t microphone[size_48k] = {0}, pcm[size_16k];
    unsigned char packet[12 + payload_size];

    rtpquality_set_codec(phone.quality, "G722", 1);
    rtpevent_sender_queue(keys, "42", NULL);
    for (int tick = 0; tick < 100; tick++) {
        char* buf = (char*)packet;
        rtpaudio_resampler_process(resampler, microphone, size_48k, pcm, size_16k);
        int size = rtpevent_sender_next_pkt(keys, synth, digits, buf, sizeof packet);
        if (size > 0) {
            see(changes, rtpevent_receiver_insert(phone.events, packet, (size_t)size,
                                                  tick * 20000000LL, changes));
            continue;
        }
        rtpaudio_encoder_encode(encoder, pcm, size_16k, packet, payload_size);
        size = rsynth_next_pkt_pa(synth, payload_size, g722, buf, sizeof packet, 1);
        hear(&phone, tick == 50 ? NULL : packet, (size_t)size, pcm); /* and to the loudspeaker */
    }
    if (rtpquality_rate(phone.quality, &rating))
        printf("%d of %d packets lost, MOS %.2f\n", (int)rating.losses, (int)rating.packets,
               rating.mos);
    rtpquality_dtor(phone.quality);
    rtpevent_receiver_dtor(phone.events);
    rtpaudio_concealer_dtor(phone.concealer);
    rtpaudio_decoder_dtor(phone.decoder);
    rtpevent_sender_dtor(keys);
    rtpaudio_encoder_dtor(encoder);
    rtpaudio_resampler_dtor(resampler);
    rsynth_dtor(synth);
}
