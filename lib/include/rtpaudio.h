/**
 * \file
 * Audio for C: codecs, sample rate conversion, concealment of losses and comfort noise. Link with
 * -lrtpsynth. What each does, and why, is described in the headers of <rtpsynth/audio/>.
 *
 *     struct rtpaudio_encoder *encoder = rtpaudio_encoder_ctor("G722/8000", NULL);
 *     ...
 *     long size = rtpaudio_encoder_encode(encoder, pcm, 320, payload, sizeof payload);
 *     if (size < 0) ...
 *
 * Each object is made by its ..._ctor() and destroyed by its ..._dtor(), which is a no-op for NULL.
 * Calls on one object must not overlap; different ones are independent, on any threads. Only
 * constructors allocate. Audio is mono, 16 bits signed, in native order; sizes of audio are
 * samples, others are bytes. The caller's storage for results must not overlap what is read.
 *
 * Functions that return a size return an enum rtpaudio_err instead, a negative number, where they
 * fail. A failed call changes nothing. Every function takes NULL: in place of an object or of
 * storage whose size is not 0 it is RTPAUDIO_EINVAL, and a function without a result does nothing.
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
    RTPAUDIO_EFRAME = -25    /**< the codec has no packet of so many samples */
};

/* ---- codecs ---- */

struct rtpaudio_encoder;
struct rtpaudio_decoder;

/** The rates of a codec, Hz: of G.722 they differ. */
struct rtpaudio_rates {
    uint32_t audio; /**< samples of audio per second */
    uint32_t clock; /**< of the RTP timestamp */
};

/**
 * Makes an encoder of one stream of audio. `encoding` is as in an SDP rtpmap: "PCMU/8000",
 * "PCMA/8000", "G722/8000", "L16/44100/2". PCMU, PCMA and L16 have any clock rate, and L16 one or
 * two channels, of which both are sent the same audio.
 *
 * \param rates  if not NULL, receives the codec's rates
 *
 * \return NULL for an encoding that is malformed or not known, or without memory
 */
RTPSYNTH_API struct rtpaudio_encoder* rtpaudio_encoder_ctor(const char* encoding,
                                                            struct rtpaudio_rates* rates);
/** Destroys an encoder. */
RTPSYNTH_API void rtpaudio_encoder_dtor(struct rtpaudio_encoder* encoder);

/**
 * Encodes one packet's audio: n samples, which are any number but 0, and an even one for G722. They
 * take n bytes for PCMU and PCMA, n / 2 for G722, 2 * n a channel for L16.
 *
 * \return the size of the payload; RTPAUDIO_EFRAME, RTPAUDIO_ENOSPC, RTPAUDIO_EINVAL
 */
RTPSYNTH_API long rtpaudio_encoder_encode(struct rtpaudio_encoder* encoder, const int16_t* pcm,
                                          size_t n, unsigned char* payload, size_t room);
/** Forgets the audio so far. */
RTPSYNTH_API void rtpaudio_encoder_reset(struct rtpaudio_encoder* encoder);

/**
 * Makes a decoder of one stream, which takes the packets in their order; see
 * rtpaudio_encoder_ctor(). Of two channels it gives the mean.
 */
RTPSYNTH_API struct rtpaudio_decoder* rtpaudio_decoder_ctor(const char* encoding,
                                                            struct rtpaudio_rates* rates);
/** Destroys a decoder. */
RTPSYNTH_API void rtpaudio_decoder_dtor(struct rtpaudio_decoder* decoder);

/**
 * How many samples rtpaudio_decoder_decode() makes of a payload.
 *
 * \return that, or RTPAUDIO_EPAYLOAD, RTPAUDIO_EINVAL
 */
RTPSYNTH_API long rtpaudio_decoder_samples(const struct rtpaudio_decoder* decoder,
                                           const unsigned char* payload, size_t size);

/**
 * Decodes one packet's payload to pcm, which has room for so many samples.
 *
 * \return how many samples there are; RTPAUDIO_EPAYLOAD, RTPAUDIO_ENOSPC, RTPAUDIO_EINVAL
 */
RTPSYNTH_API long rtpaudio_decoder_decode(struct rtpaudio_decoder* decoder,
                                          const unsigned char* payload, size_t size, int16_t* pcm,
                                          size_t room);
/** Forgets the packets so far. */
RTPSYNTH_API void rtpaudio_decoder_reset(struct rtpaudio_decoder* decoder);

/* ---- sample rates ---- */

struct rtpaudio_resampler;

/** How sharp a resampler's filter is: rtpsynth::resampler_quality has the figures. */
enum rtpaudio_quality { RTPAUDIO_LOW = 0, RTPAUDIO_STANDARD = 1, RTPAUDIO_HIGH = 2 };

/**
 * Makes a resampler, which converts one stream. Rates are 4000..384000 Hz; between those without a
 * large common divisor the filter takes up to 1 MB and some milliseconds to design: see
 * rtpaudio_resampler_copy().
 *
 * \param quality  an enum rtpaudio_quality
 *
 * \return NULL for an argument out of its range or without memory
 */
RTPSYNTH_API struct rtpaudio_resampler* rtpaudio_resampler_ctor(uint32_t in_rate, uint32_t out_rate,
                                                                int quality);
/**
 * Makes another one, which goes on from the same point and shares the filter. Either may be
 * destroyed first, and both may be used at once by different threads.
 *
 * \return NULL for NULL or without memory
 */
RTPSYNTH_API struct rtpaudio_resampler* rtpaudio_resampler_copy(
    const struct rtpaudio_resampler* resampler);
/** Destroys a resampler. */
RTPSYNTH_API void rtpaudio_resampler_dtor(struct rtpaudio_resampler* resampler);

/** How many samples rtpaudio_resampler_process() makes of the next n: exactly. 0 for NULL. */
RTPSYNTH_API size_t rtpaudio_resampler_output_size(const struct rtpaudio_resampler* resampler,
                                                   size_t n);

/**
 * Takes the next n samples of the stream. The output is the same to the bit whatever the pieces. It
 * lags by rtpaudio_resampler_delay().
 *
 * \return how many samples were written to out; RTPAUDIO_ENOSPC, RTPAUDIO_EINVAL
 */
RTPSYNTH_API long rtpaudio_resampler_process(struct rtpaudio_resampler* resampler,
                                             const int16_t* in, size_t n, int16_t* out,
                                             size_t room);
/**
 * Writes the end of the stream, the delay's worth of output, and forgets the stream.
 *
 * \return how many samples were written to out; RTPAUDIO_ENOSPC, RTPAUDIO_EINVAL
 */
RTPSYNTH_API long rtpaudio_resampler_flush(struct rtpaudio_resampler* resampler, int16_t* out,
                                           size_t room);
/** Forgets the stream so far. */
RTPSYNTH_API void rtpaudio_resampler_reset(struct rtpaudio_resampler* resampler);

/** By how many samples of the input the output lags. 0 for NULL. */
RTPSYNTH_API size_t rtpaudio_resampler_delay(const struct rtpaudio_resampler* resampler);

/* ---- lost packets ---- */

struct rtpaudio_concealer;

/**
 * Makes a concealer for speech of 8000..96000 Hz, which fills the gaps of one stream. All of the
 * stream's audio goes through it, in order, in pieces of any length.
 *
 * \return NULL for another rate or without memory
 */
RTPSYNTH_API struct rtpaudio_concealer* rtpaudio_concealer_ctor(uint32_t rate);
/** Destroys a concealer. */
RTPSYNTH_API void rtpaudio_concealer_dtor(struct rtpaudio_concealer* concealer);

/** Takes the next piece of audio, whose beginning it changes after a gap: it is faded in. */
RTPSYNTH_API void rtpaudio_concealer_receive(struct rtpaudio_concealer* concealer, int16_t* pcm,
                                             size_t n);
/**
 * Fills pcm[0..n), a gap or a part of one. With next != NULL it is the last part, and
 * next[0..next_n) is the audio after it, best 20 ms or more, which is to be given to
 * rtpaudio_concealer_receive() afterwards. Without a concealer it is silence.
 */
RTPSYNTH_API void rtpaudio_concealer_conceal(struct rtpaudio_concealer* concealer, int16_t* pcm,
                                             size_t n, const int16_t* next, size_t next_n);
/** What is received next does not continue the audio before, though nothing is missing. */
RTPSYNTH_API void rtpaudio_concealer_interrupt(struct rtpaudio_concealer* concealer);
/** Forgets all audio: what precedes the next piece is silence. */
RTPSYNTH_API void rtpaudio_concealer_reset(struct rtpaudio_concealer* concealer);

/* ---- comfort noise ---- */

/** The level and the spectrum of noise, as in a payload (RFC 3389 section 3). */
struct rtpaudio_noise {
    uint8_t level;            /**< 0..127, in -dBov: dB below a square wave of full scale */
    uint8_t order;            /**< how many coefficients there are, 0..16; 0: white noise */
    uint8_t coefficients[16]; /**< quantised reflection coefficients, as in the payload */
};

/**
 * Reads a payload. Of more than 16 coefficients the first are kept.
 *
 * \return RTPAUDIO_OK, RTPAUDIO_EPAYLOAD, RTPAUDIO_EINVAL; if it fails, *noise is not touched
 */
RTPSYNTH_API int rtpaudio_noise_parse(const unsigned char* payload, size_t size,
                                      struct rtpaudio_noise* noise);
/**
 * Writes a payload, of 1 + order bytes.
 *
 * \return its size; RTPAUDIO_ENOSPC, RTPAUDIO_EINVAL (level or order out of range)
 */
RTPSYNTH_API int rtpaudio_noise_store(const struct rtpaudio_noise* noise, unsigned char* payload,
                                      size_t room);
/** The level to describe pcm[0..n) with: 127 if it is silent, empty or NULL. */
RTPSYNTH_API uint8_t rtpaudio_noise_level(const int16_t* pcm, size_t n);

struct rtpaudio_noise_generator;

/**
 * Makes a generator of noise, of silence at first.
 *
 * \param seed  so that two streams do not have the same noise
 *
 * \return NULL without memory
 */
RTPSYNTH_API struct rtpaudio_noise_generator* rtpaudio_noise_generator_ctor(uint64_t seed);
/** Destroys a generator. */
RTPSYNTH_API void rtpaudio_noise_generator_dtor(struct rtpaudio_noise_generator* generator);

/** What to make from here on. An order above 16 is 16. */
RTPSYNTH_API void rtpaudio_noise_generator_set(struct rtpaudio_noise_generator* generator,
                                               const struct rtpaudio_noise* noise);
/** Fills pcm[0..n) with noise. Without a generator it is silence. */
RTPSYNTH_API void rtpaudio_noise_generator_generate(struct rtpaudio_noise_generator* generator,
                                                    int16_t* pcm, size_t n);

#ifdef __cplusplus
}
#endif

/** \} */

#endif
