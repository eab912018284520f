/**
 * \file
 * Audio for C: codecs, sample rate conversion, packet loss concealment and comfort noise. Link with
 * -lrtpsynth. The headers of <rtpsynth/audio/> describe in detail what each function does.
 *
 *     struct rtpaudio_encoder *encoder = rtpaudio_encoder_ctor("G722/8000", NULL);
 *     ...
 *     long size = rtpaudio_encoder_encode(encoder, pcm, 320, payload, sizeof payload);
 *     if (size < 0) ...
 *
 * Each object is made by its ..._ctor() and destroyed by its ..._dtor(), which is a no-op for NULL.
 * Calls on one object must not overlap; different objects are independent, on any threads. Only
 * constructors allocate. Audio is mono, 16 bits signed, in native order. Sizes of audio are in
 * samples, other sizes in bytes. Output must not overlap input.
 *
 * Functions that return a size return a negative enum rtpaudio_err on failure. A failed call
 * changes nothing. Every function accepts NULL: for an object, or for storage whose size is not 0,
 * it returns RTPAUDIO_EINVAL; a function that returns void does nothing.
 */
#ifndef RTPAUDIO_H
#define RTPAUDIO_H

#include <rtpsynth/base/compiler.h>

#include <stddef.h>
#include <stdint.h>

/**
 * \addtogroup c
 * \{
 */

#ifdef __cplusplus
extern "C" {
#endif

/** Why a call failed. rtp_packet_parse_errstr() of rtpjbuf.h has a phrase for each. */
enum rtpaudio_err {
    RTPAUDIO_OK = 0,
    RTPAUDIO_ENOSPC = -22,   /**< the caller's storage cannot hold the result */
    RTPAUDIO_EINVAL = -23,   /**< an argument is out of its range, or NULL */
    RTPAUDIO_EPAYLOAD = -24, /**< not a payload of the codec, or empty */
    RTPAUDIO_EFRAME = -25    /**< the codec does not support packets of this many samples */
};

/* ---- codecs ---- */

struct rtpaudio_encoder;
struct rtpaudio_decoder;

/** The rates of a codec, Hz. They differ for G.722. */
struct rtpaudio_rates {
    uint32_t audio; /**< samples of audio per second */
    uint32_t clock; /**< of the RTP timestamp */
};

/**
 * Makes an encoder of one stream of audio. `encoding` has the form of an SDP rtpmap: "PCMU/8000",
 * "PCMA/8000", "G722/8000", "L16/44100/2". PCMU, PCMA and L16 support any clock rate. L16 supports
 * one or two channels; with two, both carry the same audio.
 *
 * \param rates  if not NULL, receives the codec's rates
 *
 * \return NULL if the encoding is malformed or unknown, or without memory
 */
RTPSYNTH_API struct rtpaudio_encoder* rtpaudio_encoder_ctor(const char* encoding,
                                                            struct rtpaudio_rates* rates);
/** Destroys an encoder. */
RTPSYNTH_API void rtpaudio_encoder_dtor(struct rtpaudio_encoder* encoder);

/**
 * Encodes one packet's audio of n samples: any number but 0, and an even number for G722. The
 * payload has n bytes for PCMU and PCMA, n / 2 for G722, 2 * n per channel for L16.
 *
 * \return the size of the payload; RTPAUDIO_EFRAME, RTPAUDIO_ENOSPC, RTPAUDIO_EINVAL
 */
RTPSYNTH_API long rtpaudio_encoder_encode(struct rtpaudio_encoder* encoder, const int16_t* pcm,
                                          size_t n, unsigned char* payload, size_t room);
/** Discards the state, as if the encoder were new. */
RTPSYNTH_API void rtpaudio_encoder_reset(struct rtpaudio_encoder* encoder);

/**
 * Makes a decoder of one stream; see rtpaudio_encoder_ctor(). Packets must be decoded in order. Two
 * channels are mixed to their mean.
 */
RTPSYNTH_API struct rtpaudio_decoder* rtpaudio_decoder_ctor(const char* encoding,
                                                            struct rtpaudio_rates* rates);
/** Destroys a decoder. */
RTPSYNTH_API void rtpaudio_decoder_dtor(struct rtpaudio_decoder* decoder);

/**
 * The number of samples that rtpaudio_decoder_decode() would return for a payload.
 *
 * \return the number, or RTPAUDIO_EPAYLOAD, RTPAUDIO_EINVAL
 */
RTPSYNTH_API long rtpaudio_decoder_samples(const struct rtpaudio_decoder* decoder,
                                           const unsigned char* payload, size_t size);

/**
 * Decodes one packet's payload to pcm, which has room for `room` samples.
 *
 * \return the number of samples; RTPAUDIO_EPAYLOAD, RTPAUDIO_ENOSPC, RTPAUDIO_EINVAL
 */
RTPSYNTH_API long rtpaudio_decoder_decode(struct rtpaudio_decoder* decoder,
                                          const unsigned char* payload, size_t size, int16_t* pcm,
                                          size_t room);
/** Discards the state, as if the decoder were new. */
RTPSYNTH_API void rtpaudio_decoder_reset(struct rtpaudio_decoder* decoder);

/* ---- sample rates ---- */

struct rtpaudio_resampler;

/** Steepness of a resampler's filter; rtpsynth::resampler_quality has the figures. */
enum rtpaudio_quality { RTPAUDIO_LOW = 0, RTPAUDIO_STANDARD = 1, RTPAUDIO_HIGH = 2 };

/**
 * Makes a resampler of one stream. Rates are 4000..384000 Hz. Between rates without a large common
 * divisor, the filter takes up to 1 MB and some milliseconds to design: see
 * rtpaudio_resampler_copy().
 *
 * \param quality  an enum rtpaudio_quality
 *
 * \return NULL for an argument out of its range or without memory
 */
RTPSYNTH_API struct rtpaudio_resampler* rtpaudio_resampler_ctor(uint32_t in_rate, uint32_t out_rate,
                                                                int quality);
/**
 * Makes a copy that continues from the same state and shares the filter. Either may be destroyed
 * first, and different threads may use both at once.
 *
 * \return NULL for NULL or without memory
 */
RTPSYNTH_API struct rtpaudio_resampler* rtpaudio_resampler_copy(
    const struct rtpaudio_resampler* resampler);
/** Destroys a resampler. */
RTPSYNTH_API void rtpaudio_resampler_dtor(struct rtpaudio_resampler* resampler);

/** The exact number of samples that rtpaudio_resampler_process() returns for the next n samples.
 * 0 for NULL. */
RTPSYNTH_API size_t rtpaudio_resampler_output_size(const struct rtpaudio_resampler* resampler,
                                                   size_t n);

/**
 * Takes the next n samples of the stream. The output is bit-exact for any division of the stream
 * into pieces. It is delayed by rtpaudio_resampler_delay().
 *
 * \return the number of samples written to out; RTPAUDIO_ENOSPC, RTPAUDIO_EINVAL
 */
RTPSYNTH_API long rtpaudio_resampler_process(struct rtpaudio_resampler* resampler,
                                             const int16_t* in, size_t n, int16_t* out,
                                             size_t room);
/**
 * Writes the end of the stream, the output of the delay, and resets the resampler.
 *
 * \return the number of samples written to out; RTPAUDIO_ENOSPC, RTPAUDIO_EINVAL
 */
RTPSYNTH_API long rtpaudio_resampler_flush(struct rtpaudio_resampler* resampler, int16_t* out,
                                           size_t room);
/** Discards the state: the next input begins a stream. */
RTPSYNTH_API void rtpaudio_resampler_reset(struct rtpaudio_resampler* resampler);

/** The delay of the output, in samples of the input. 0 for NULL. */
RTPSYNTH_API size_t rtpaudio_resampler_delay(const struct rtpaudio_resampler* resampler);

/* ---- lost packets ---- */

struct rtpaudio_concealer;

/**
 * Makes a concealer for speech of 8000..96000 Hz, which fills the gaps in one stream. Pass all
 * audio of the stream through it, in order, in pieces of any length.
 *
 * \return NULL for another rate or without memory
 */
RTPSYNTH_API struct rtpaudio_concealer* rtpaudio_concealer_ctor(uint32_t rate);
/** Destroys a concealer. */
RTPSYNTH_API void rtpaudio_concealer_dtor(struct rtpaudio_concealer* concealer);

/** Takes the next piece of audio. After a gap it fades in the beginning of the piece. */
RTPSYNTH_API void rtpaudio_concealer_receive(struct rtpaudio_concealer* concealer, int16_t* pcm,
                                             size_t n);
/**
 * Fills pcm[0..n), a gap or a part of one. If next != NULL, the part is the last one and
 * next[0..next_n) is the audio after it, best 20 ms or more; pass it to
 * rtpaudio_concealer_receive() afterwards. If the concealer is NULL, writes silence.
 */
RTPSYNTH_API void rtpaudio_concealer_conceal(struct rtpaudio_concealer* concealer, int16_t* pcm,
                                             size_t n, const int16_t* next, size_t next_n);
/** The next audio does not continue the audio before, although nothing is missing. */
RTPSYNTH_API void rtpaudio_concealer_interrupt(struct rtpaudio_concealer* concealer);
/** Discards all audio: the next piece follows silence. */
RTPSYNTH_API void rtpaudio_concealer_reset(struct rtpaudio_concealer* concealer);

/* ---- comfort noise ---- */

/** Level and spectrum of comfort noise (RFC 3389 section 3). */
struct rtpaudio_noise {
    uint8_t level;            /**< 0..127, in -dBov: dB below a square wave of full scale */
    uint8_t order;            /**< number of coefficients, 0..16; 0: white noise */
    uint8_t coefficients[16]; /**< quantised reflection coefficients, as in the payload */
};

/**
 * Parses a payload. Coefficients beyond the first 16 are ignored.
 *
 * \return RTPAUDIO_OK, RTPAUDIO_EPAYLOAD, RTPAUDIO_EINVAL; if it fails, *noise is not touched
 */
RTPSYNTH_API int rtpaudio_noise_parse(const unsigned char* payload, size_t size,
                                      struct rtpaudio_noise* noise);
/**
 * Writes a payload of 1 + order bytes.
 *
 * \return its size; RTPAUDIO_ENOSPC, RTPAUDIO_EINVAL (level or order out of range)
 */
RTPSYNTH_API int rtpaudio_noise_store(const struct rtpaudio_noise* noise, unsigned char* payload,
                                      size_t room);
/** Measures the level of pcm[0..n); 127 if it is silent, empty or NULL. */
RTPSYNTH_API uint8_t rtpaudio_noise_level(const int16_t* pcm, size_t n);

struct rtpaudio_noise_generator;

/**
 * Makes a noise generator, which generates silence at first.
 *
 * \param seed  give each stream another one, so that their noise differs
 *
 * \return NULL without memory
 */
RTPSYNTH_API struct rtpaudio_noise_generator* rtpaudio_noise_generator_ctor(uint64_t seed);
/** Destroys a generator. */
RTPSYNTH_API void rtpaudio_noise_generator_dtor(struct rtpaudio_noise_generator* generator);

/** Sets level and spectrum of the next noise. An order above 16 counts as 16. */
RTPSYNTH_API void rtpaudio_noise_generator_set(struct rtpaudio_noise_generator* generator,
                                               const struct rtpaudio_noise* noise);
/** Fills pcm[0..n) with noise; with silence if the generator is NULL. */
RTPSYNTH_API void rtpaudio_noise_generator_generate(struct rtpaudio_noise_generator* generator,
                                                    int16_t* pcm, size_t n);

#ifdef __cplusplus
}
#endif

/** \} */

#endif
