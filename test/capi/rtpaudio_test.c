/* The C face of the codecs, the resampler, concealment and comfort noise, as a C99 program uses it.
 */
#include <rtpaudio.h>
#include <rtpjbuf.h>

#include "check.h"

#include <string.h>

#define TICK 160 /* samples in 20 ms at 8 kHz */

static int16_t pcm[4 * TICK];
static unsigned char payload[4 * TICK];

/* A triangle of 200 Hz at 8 kHz. */
static void make_tone(int16_t* to, size_t n) {
    size_t i;
    for (i = 0; i != n; ++i) {
        const int at = (int)(i % 40);
        to[i] = (int16_t)(800 * (at < 20 ? at - 10 : 30 - at));
    }
}

static int is_silent(const int16_t* from, size_t n) {
    size_t i;
    for (i = 0; i != n; ++i)
        if (from[i] != 0) return 0;
    return 1;
}

static void errors_have_a_phrase(void) {
    static const int codes[] = {RTPAUDIO_ENOSPC, RTPAUDIO_EINVAL, RTPAUDIO_EPAYLOAD,
                                RTPAUDIO_EFRAME};
    const char* const unknown = rtp_packet_parse_errstr((rtp_parser_err_t)-999);
    size_t i;
    for (i = 0; i != sizeof codes / sizeof codes[0]; ++i)
        CHECK(strcmp(rtp_packet_parse_errstr((rtp_parser_err_t)codes[i]), unknown) != 0);
}

static void encodings_are_known_or_refused(void) {
    static const char* const wrong[] = {
        "",           "PCMU",  "PCMU/0",     "PCMU/8000/2",  "GSM/8000",
        "G722/16000", "/8000", "L16/8000/3", "opus/48000/2", "PCMU/-1"};
    struct rtpaudio_rates rates = {7, 7};
    struct rtpaudio_encoder* encoder;
    struct rtpaudio_decoder* decoder;
    size_t i;
    for (i = 0; i != sizeof wrong / sizeof wrong[0]; ++i) {
        CHECK(rtpaudio_encoder_ctor(wrong[i], &rates) == NULL);
        CHECK(rtpaudio_decoder_ctor(wrong[i], &rates) == NULL);
    }
    CHECK(rtpaudio_encoder_ctor(NULL, &rates) == NULL);
    CHECK(rtpaudio_decoder_ctor(NULL, &rates) == NULL);
    CHECK(rates.audio == 7 && rates.clock == 7);

    encoder = rtpaudio_encoder_ctor("g722/8000", &rates);
    CHECK(encoder != NULL && rates.audio == 16000 && rates.clock == 8000);
    rtpaudio_encoder_dtor(encoder);
    decoder = rtpaudio_decoder_ctor("L16/44100/2", &rates);
    CHECK(decoder != NULL && rates.audio == 44100 && rates.clock == 44100);
    rtpaudio_decoder_dtor(decoder);
}

static void audio_goes_through_a_codec(void) {
    struct rtpaudio_encoder* encoder = rtpaudio_encoder_ctor("PCMU/8000", NULL);
    struct rtpaudio_decoder* decoder = rtpaudio_decoder_ctor("PCMU/8000", NULL);
    const int16_t in[] = {0, 32767, -32768};
    CHECK(rtpaudio_encoder_encode(encoder, in, 3, payload, sizeof payload) == 3);
    CHECK(payload[0] == 0xff && payload[1] == 0x80 && payload[2] == 0x00);
    CHECK(rtpaudio_decoder_samples(decoder, payload, 3) == 3);
    CHECK(rtpaudio_decoder_decode(decoder, payload, 3, pcm, TICK) == 3);
    CHECK(pcm[0] == 0 && pcm[1] == 32124 && pcm[2] == -32124);
    rtpaudio_decoder_reset(decoder);
    rtpaudio_encoder_dtor(encoder);
    rtpaudio_decoder_dtor(decoder);

    encoder = rtpaudio_encoder_ctor("L16/8000/2", NULL);
    decoder = rtpaudio_decoder_ctor("L16/8000/2", NULL);
    CHECK(rtpaudio_encoder_encode(encoder, in, 2, payload, sizeof payload) == 8);
    CHECK(payload[4] == 0x7f && payload[5] == 0xff && payload[6] == 0x7f && payload[7] == 0xff);
    payload[6] = payload[7] = 0; /* the right channel: what is heard is the mean */
    CHECK(rtpaudio_decoder_decode(decoder, payload, 8, pcm, TICK) == 2);
    CHECK(pcm[0] == 0 && (pcm[1] == 16383 || pcm[1] == 16384));
    rtpaudio_encoder_dtor(encoder);
    rtpaudio_decoder_dtor(decoder);
}

static void a_codec_with_a_memory_can_forget(void) {
    struct rtpaudio_encoder* const encoder = rtpaudio_encoder_ctor("G722/8000", NULL);
    struct rtpaudio_decoder* const decoder = rtpaudio_decoder_ctor("G722/8000", NULL);
    unsigned char second[TICK];
    int16_t again[2 * TICK];
    make_tone(pcm, 2 * TICK);
    CHECK(rtpaudio_encoder_encode(encoder, pcm, 2 * TICK, payload, TICK) == TICK);
    CHECK(rtpaudio_encoder_encode(encoder, pcm, 2 * TICK, second, TICK) == TICK);
    CHECK(memcmp(payload, second, TICK) != 0);
    rtpaudio_encoder_reset(encoder);
    CHECK(rtpaudio_encoder_encode(encoder, pcm, 2 * TICK, second, TICK) == TICK);
    CHECK(memcmp(payload, second, TICK) == 0);

    CHECK(rtpaudio_decoder_samples(decoder, payload, TICK) == 2 * TICK);
    CHECK(rtpaudio_decoder_decode(decoder, payload, TICK, pcm, 2 * TICK) == 2 * TICK);
    CHECK(rtpaudio_decoder_decode(decoder, payload, TICK, again, 2 * TICK) == 2 * TICK);
    CHECK(memcmp(pcm, again, sizeof again) != 0);
    rtpaudio_decoder_reset(decoder);
    CHECK(rtpaudio_decoder_decode(decoder, payload, TICK, again, 2 * TICK) == 2 * TICK);
    CHECK(memcmp(pcm, again, sizeof again) == 0);
    rtpaudio_encoder_dtor(encoder);
    rtpaudio_decoder_dtor(decoder);
}

static void a_codec_says_what_is_wrong(void) {
    struct rtpaudio_encoder* const encoder = rtpaudio_encoder_ctor("G722/8000", NULL);
    struct rtpaudio_decoder* const decoder = rtpaudio_decoder_ctor("L16/8000", NULL);
    memset(payload, 0x55, sizeof payload);
    memset(pcm, 0x55, sizeof pcm);
    CHECK(rtpaudio_encoder_encode(encoder, pcm, 0, payload, TICK) == RTPAUDIO_EFRAME);
    CHECK(rtpaudio_encoder_encode(encoder, NULL, 0, payload, TICK) == RTPAUDIO_EFRAME);
    CHECK(rtpaudio_encoder_encode(encoder, pcm, 3, payload, TICK) == RTPAUDIO_EFRAME);
    CHECK(rtpaudio_encoder_encode(encoder, pcm, 4, payload, 1) == RTPAUDIO_ENOSPC);
    CHECK(rtpaudio_encoder_encode(encoder, pcm, 4, NULL, 0) == RTPAUDIO_ENOSPC);
    CHECK(rtpaudio_encoder_encode(encoder, pcm, 4, NULL, 2) == RTPAUDIO_EINVAL);
    CHECK(rtpaudio_encoder_encode(encoder, NULL, 4, payload, 2) == RTPAUDIO_EINVAL);
    CHECK(rtpaudio_encoder_encode(NULL, pcm, 4, payload, 2) == RTPAUDIO_EINVAL);
    CHECK(payload[0] == 0x55 && payload[1] == 0x55);

    CHECK(rtpaudio_decoder_samples(decoder, payload, 0) == RTPAUDIO_EPAYLOAD);
    CHECK(rtpaudio_decoder_samples(decoder, payload, 3) == RTPAUDIO_EPAYLOAD);
    CHECK(rtpaudio_decoder_samples(decoder, NULL, 4) == RTPAUDIO_EINVAL);
    CHECK(rtpaudio_decoder_samples(NULL, payload, 4) == RTPAUDIO_EINVAL);
    CHECK(rtpaudio_decoder_decode(decoder, NULL, 0, pcm, TICK) == RTPAUDIO_EPAYLOAD);
    CHECK(rtpaudio_decoder_decode(decoder, payload, 3, pcm, TICK) == RTPAUDIO_EPAYLOAD);
    CHECK(rtpaudio_decoder_decode(decoder, payload, 4, pcm, 1) == RTPAUDIO_ENOSPC);
    CHECK(rtpaudio_decoder_decode(decoder, payload, 4, NULL, 0) == RTPAUDIO_ENOSPC);
    CHECK(rtpaudio_decoder_decode(decoder, payload, 4, NULL, 2) == RTPAUDIO_EINVAL);
    CHECK(rtpaudio_decoder_decode(decoder, NULL, 4, pcm, 2) == RTPAUDIO_EINVAL);
    CHECK(rtpaudio_decoder_decode(NULL, payload, 4, pcm, 2) == RTPAUDIO_EINVAL);
    CHECK(pcm[0] == 0x5555);
    /* More room than a long can count is no error. */
    CHECK(rtpaudio_decoder_decode(decoder, payload, 4, pcm, SIZE_MAX) == 2);

    rtpaudio_encoder_reset(NULL);
    rtpaudio_decoder_reset(NULL);
    rtpaudio_encoder_dtor(NULL);
    rtpaudio_decoder_dtor(NULL);
    rtpaudio_encoder_dtor(encoder);
    rtpaudio_decoder_dtor(decoder);
}

static void a_stream_is_resampled_in_any_pieces(void) {
    struct rtpaudio_resampler* const whole =
        rtpaudio_resampler_ctor(8000, 16000, RTPAUDIO_STANDARD);
    struct rtpaudio_resampler *first, *second;
    int16_t at_once[2 * TICK], pieces[2 * TICK], tail[TICK], other_tail[TICK];
    const size_t delay = rtpaudio_resampler_delay(whole);
    make_tone(pcm, TICK);
    CHECK(delay >= 30 && delay <= 50);
    first = rtpaudio_resampler_copy(whole);
    CHECK(first != NULL && rtpaudio_resampler_delay(first) == delay);
    CHECK(rtpaudio_resampler_output_size(whole, TICK) == 2 * TICK);
    CHECK(rtpaudio_resampler_process(whole, pcm, TICK, at_once, 2 * TICK) == 2 * TICK);

    CHECK(rtpaudio_resampler_process(first, pcm, 7, pieces, 2 * TICK) == 14);
    second = rtpaudio_resampler_copy(first); /* goes on by itself */
    rtpaudio_resampler_dtor(first);
    CHECK(rtpaudio_resampler_process(second, pcm + 7, TICK - 7, pieces + 14, 2 * TICK - 14) ==
          2 * TICK - 14);
    CHECK(memcmp(at_once, pieces, sizeof pieces) == 0 && !is_silent(pieces, 2 * TICK));

    CHECK(rtpaudio_resampler_flush(whole, tail, TICK) == (long)(2 * delay));
    CHECK(rtpaudio_resampler_flush(second, other_tail, TICK) == (long)(2 * delay));
    CHECK(memcmp(tail, other_tail, 2 * delay * sizeof tail[0]) == 0);

    CHECK(rtpaudio_resampler_process(whole, pcm, 60, pieces, TICK) == 120); /* as from the start */
    CHECK(memcmp(at_once, pieces, 120 * sizeof pieces[0]) == 0);
    rtpaudio_resampler_reset(whole);
    CHECK(rtpaudio_resampler_process(whole, pcm, 60, pieces, TICK) == 120);
    CHECK(memcmp(at_once, pieces, 120 * sizeof pieces[0]) == 0);
    rtpaudio_resampler_dtor(whole);
    rtpaudio_resampler_dtor(second);
}

static void a_resampler_says_what_is_wrong(void) {
    struct rtpaudio_resampler* resampler = rtpaudio_resampler_ctor(8000, 16000, RTPAUDIO_LOW);
    int16_t out[2];
    CHECK(rtpaudio_resampler_ctor(3999, 8000, RTPAUDIO_STANDARD) == NULL);
    CHECK(rtpaudio_resampler_ctor(8000, 384001, RTPAUDIO_STANDARD) == NULL);
    CHECK(rtpaudio_resampler_ctor(8000, 16000, -1) == NULL);
    CHECK(rtpaudio_resampler_ctor(8000, 16000, 3) == NULL);
    CHECK(rtpaudio_resampler_copy(NULL) == NULL);
    CHECK(rtpaudio_resampler_output_size(NULL, 5) == 0 && rtpaudio_resampler_delay(NULL) == 0);
    CHECK(rtpaudio_resampler_process(resampler, pcm, 2, out, 2) == RTPAUDIO_ENOSPC);
    CHECK(rtpaudio_resampler_process(resampler, pcm, 2, NULL, 4) == RTPAUDIO_EINVAL);
    CHECK(rtpaudio_resampler_process(resampler, NULL, 2, out, 2) == RTPAUDIO_EINVAL);
    CHECK(rtpaudio_resampler_process(resampler, NULL, 0, NULL, 0) == 0);
    CHECK(rtpaudio_resampler_process(NULL, pcm, 1, out, 2) == RTPAUDIO_EINVAL);
    CHECK(rtpaudio_resampler_flush(resampler, out, 2) == RTPAUDIO_ENOSPC);
    CHECK(rtpaudio_resampler_flush(resampler, NULL, 2) == RTPAUDIO_EINVAL);
    CHECK(rtpaudio_resampler_flush(NULL, out, 2) == RTPAUDIO_EINVAL);
    rtpaudio_resampler_reset(NULL);
    rtpaudio_resampler_dtor(NULL);
    rtpaudio_resampler_dtor(resampler);
    resampler = rtpaudio_resampler_ctor(8000, 8000, RTPAUDIO_HIGH);
    CHECK(rtpaudio_resampler_delay(resampler) == 0); /* a copy */
    rtpaudio_resampler_dtor(resampler);
}

static void a_gap_is_filled(void) {
    struct rtpaudio_concealer* const concealer = rtpaudio_concealer_ctor(8000);
    int16_t gap[4 * TICK], next[TICK], joined[TICK];
    make_tone(pcm, 4 * TICK);
    memcpy(next, pcm, sizeof next);
    rtpaudio_concealer_receive(concealer, pcm, 4 * TICK);
    rtpaudio_concealer_conceal(concealer, gap, TICK, NULL, 0);
    CHECK(!is_silent(gap, TICK));
    rtpaudio_concealer_conceal(concealer, gap, 3 * TICK, NULL, 0);
    CHECK(is_silent(gap + 2 * TICK, TICK)); /* 60 ms from the beginning */
    memcpy(joined, next, sizeof next);
    rtpaudio_concealer_receive(concealer, joined, TICK);
    CHECK(memcmp(joined, next, sizeof next) != 0 && joined[TICK - 1] == next[TICK - 1]);

    rtpaudio_concealer_reset(concealer);
    rtpaudio_concealer_conceal(concealer, gap, TICK, NULL, 0);
    CHECK(is_silent(gap, TICK));

    rtpaudio_concealer_reset(concealer);
    rtpaudio_concealer_receive(concealer, pcm, 4 * TICK);
    rtpaudio_concealer_conceal(concealer, gap, TICK, next, TICK); /* from both sides */
    CHECK(!is_silent(gap, TICK));
    memcpy(joined, next, sizeof next);
    rtpaudio_concealer_receive(concealer, joined, TICK);
    CHECK(memcmp(joined, next, sizeof next) == 0);

    memset(joined, 0, sizeof joined);
    rtpaudio_concealer_receive(concealer, joined, TICK);
    CHECK(is_silent(joined, TICK)); /* goes on: not faded */
    rtpaudio_concealer_receive(concealer, next, TICK);
    rtpaudio_concealer_interrupt(concealer);
    rtpaudio_concealer_receive(concealer, joined, TICK);
    CHECK(!is_silent(joined, TICK)); /* a fade out of what was before */
    rtpaudio_concealer_dtor(concealer);
}

static void a_concealer_tolerates_null(void) {
    struct rtpaudio_concealer* const concealer = rtpaudio_concealer_ctor(96000);
    int16_t two[2] = {5, 5};
    CHECK(concealer != NULL);
    CHECK(rtpaudio_concealer_ctor(7999) == NULL && rtpaudio_concealer_ctor(96001) == NULL);
    rtpaudio_concealer_receive(NULL, two, 2);
    CHECK(two[0] == 5 && two[1] == 5);
    rtpaudio_concealer_conceal(NULL, two, 2, NULL, 0);
    CHECK(two[0] == 0 && two[1] == 0);
    rtpaudio_concealer_conceal(NULL, NULL, 2, NULL, 0);
    rtpaudio_concealer_conceal(concealer, NULL, 2, NULL, 0);
    rtpaudio_concealer_conceal(concealer, NULL, 2, two, 2);
    rtpaudio_concealer_receive(concealer, NULL, 2);
    rtpaudio_concealer_interrupt(NULL);
    rtpaudio_concealer_reset(NULL);
    rtpaudio_concealer_dtor(NULL);
    rtpaudio_concealer_dtor(concealer);
}

static void noise_is_described(void) {
    static const unsigned char long_payload[20] = {0x80 | 40, 1,  2,  3,  4,  5,  6,  7,  8,  9,
                                                   10,        11, 12, 13, 14, 15, 16, 17, 18, 19};
    struct rtpaudio_noise noise = {9, 9, {9}};
    CHECK(rtpaudio_noise_parse(long_payload, 0, &noise) == RTPAUDIO_EPAYLOAD);
    CHECK(rtpaudio_noise_parse(NULL, 0, &noise) == RTPAUDIO_EPAYLOAD);
    CHECK(rtpaudio_noise_parse(NULL, 1, &noise) == RTPAUDIO_EINVAL);
    CHECK(rtpaudio_noise_parse(long_payload, 1, NULL) == RTPAUDIO_EINVAL);
    CHECK(noise.level == 9 && noise.order == 9);
    CHECK(rtpaudio_noise_parse(long_payload, sizeof long_payload, &noise) == RTPAUDIO_OK);
    CHECK(noise.level == 40 && noise.order == 16);
    CHECK(noise.coefficients[0] == 1 && noise.coefficients[15] == 16);
    CHECK(rtpaudio_noise_store(&noise, payload, sizeof payload) == 17);
    CHECK(payload[0] == 40 && memcmp(payload + 1, long_payload + 1, 16) == 0);
    CHECK(rtpaudio_noise_store(&noise, payload, 16) == RTPAUDIO_ENOSPC);
    CHECK(rtpaudio_noise_store(&noise, NULL, 0) == RTPAUDIO_ENOSPC);
    CHECK(rtpaudio_noise_store(&noise, NULL, 17) == RTPAUDIO_EINVAL);
    CHECK(rtpaudio_noise_store(NULL, payload, 17) == RTPAUDIO_EINVAL);
    noise.order = 17;
    CHECK(rtpaudio_noise_store(&noise, payload, sizeof payload) == RTPAUDIO_EINVAL);
    noise.order = 0;
    noise.level = 128;
    CHECK(rtpaudio_noise_store(&noise, payload, sizeof payload) == RTPAUDIO_EINVAL);
}

static void noise_is_made(void) {
    struct rtpaudio_noise_generator* const one = rtpaudio_noise_generator_ctor(1);
    struct rtpaudio_noise_generator* const same = rtpaudio_noise_generator_ctor(1);
    struct rtpaudio_noise_generator* const other = rtpaudio_noise_generator_ctor(2);
    struct rtpaudio_noise noise = {30, 0, {0}};
    int16_t a[4 * TICK], b[4 * TICK], c[4 * TICK];
    memset(a, 0x55, sizeof a);
    rtpaudio_noise_generator_generate(one, a, 4 * TICK);
    CHECK(is_silent(a, 4 * TICK));
    rtpaudio_noise_generator_generate(same, a, 4 * TICK);
    CHECK(rtpaudio_noise_level(a, 4 * TICK) == 127);
    CHECK(rtpaudio_noise_level(a, 0) == 127 && rtpaudio_noise_level(NULL, 5) == 127);

    rtpaudio_noise_generator_set(one, &noise);
    rtpaudio_noise_generator_set(same, &noise);
    rtpaudio_noise_generator_set(other, &noise);
    rtpaudio_noise_generator_generate(one, a, 4 * TICK);
    rtpaudio_noise_generator_generate(same, b, 4 * TICK);
    rtpaudio_noise_generator_generate(other, c, 4 * TICK);
    CHECK(memcmp(a, b, sizeof a) == 0 && memcmp(a, c, sizeof a) != 0);
    CHECK(rtpaudio_noise_level(a, 4 * TICK) >= 28 && rtpaudio_noise_level(a, 4 * TICK) <= 32);

    noise.order = 255; /* counts as 16 */
    rtpaudio_noise_generator_set(one, &noise);
    rtpaudio_noise_generator_generate(one, a, TICK);
    rtpaudio_noise_generator_set(NULL, &noise);
    rtpaudio_noise_generator_set(one, NULL);
    rtpaudio_noise_generator_generate(one, NULL, 5);
    rtpaudio_noise_generator_generate(NULL, NULL, 5);
    rtpaudio_noise_generator_generate(NULL, a, 4 * TICK);
    CHECK(is_silent(a, 4 * TICK));
    rtpaudio_noise_generator_dtor(NULL);
    rtpaudio_noise_generator_dtor(one);
    rtpaudio_noise_generator_dtor(same);
    rtpaudio_noise_generator_dtor(other);
}

int main(void) {
    errors_have_a_phrase();
    encodings_are_known_or_refused();
    audio_goes_through_a_codec();
    a_codec_with_a_memory_can_forget();
    a_codec_says_what_is_wrong();
    a_stream_is_resampled_in_any_pieces();
    a_resampler_says_what_is_wrong();
    a_gap_is_filled();
    a_concealer_tolerates_null();
    noise_is_described();
    noise_is_made();
    return CHECK_RESULT();
}
