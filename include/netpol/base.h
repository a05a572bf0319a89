/* SPDX-License-Identifier: MIT */
/** @file base.h  What every other header stands on: version, status, allocator, options, sink. */
#ifndef NETPOL_BASE_H
#define NETPOL_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define NETPOL_API __attribute__((visibility("default")))
#else
#define NETPOL_API
#endif

/** Version of this header, 0xMMmmpp. It also names the layout of the public structs. */
#define NETPOL_VERSION 0x000100u

/**
 * The version of the library that runs, in the form of NETPOL_VERSION.
 * Threads: any.  Since: 0.1
 */
NETPOL_API uint32_t netpol_version(void);

/**
 * The same version as text, "0.1.0". Static, never NULL.
 * Threads: any.  Since: 0.1
 */
NETPOL_API const char *netpol_version_text(void);

/**
 * Says whether the running library has a feature, by name: "networkpolicy", "validate", "compiled", …
 * A name that it does not know is false, so a program can ask an older library safely.
 *
 * @param name  Copied; NULL is false.
 * Threads: any.  Since: 0.1
 */
NETPOL_API bool netpol_has_feature(const char *name);

/** What kind of outcome a call had. Details are in the diagnostics. Values are never reused. */
typedef int32_t netpol_status;
enum {
    NETPOL_OK = 0,        /**< Done. */
    NETPOL_INVALID = 1,   /**< Input was read but is wrong; the diagnostics say where and how. */
    NETPOL_NOT_FOUND = 2, /**< The thing named does not exist. */
    NETPOL_LIMIT = 3,     /**< A limit of netpol_options was met. */
    NETPOL_NO_MEMORY = 4, /**< An allocation failed; nothing has changed. */
    NETPOL_IO = 5,        /**< A file or sink could not be read or written. */
    NETPOL_MISUSE = 6,    /**< The caller broke a rule of the call (NULL where not allowed, …). */
    NETPOL_CANCELLED = 7  /**< keep_going said stop; nothing has changed. */
};

/**
 * The name of a status: "ok", "invalid", …; "unknown" for other values. Static, never NULL.
 * Threads: any.  Since: 0.1
 */
NETPOL_API const char *netpol_status_name(netpol_status status);

/**
 * Where memory comes from. Frozen. Copied into every root made with it.
 *
 * One function does all: old NULL allocates; new_size 0 frees and returns NULL; otherwise resizes.
 * It must be thread-safe if roots made with it are shared between threads. NULL result: no memory,
 * and the old block is untouched.
 */
typedef struct netpol_allocator {
    void *(*resize)(void *ctx, void *old, size_t old_size, size_t new_size, size_t align);
    void *ctx; /**< Handed to resize; must outlive everything made with it. */
} netpol_allocator;

/** Bits of netpol_options.flags. */
enum {
    /** Read as Go's typed decode does: unknown fields are ignored, the last of equal keys wins,
     *  and an unquoted number or boolean where a string belongs becomes that string. */
    NETPOL_LENIENT = 1u << 0,
    /** Keep documents whose kind has no complete typed form as plain trees, so that
     *  netpol_object_write can write them. Without it they are counted and dropped. */
    NETPOL_KEEP_OTHERS = 1u << 1,
    /** CIDR rules as before Kubernetes 1.36 (StrictIPCIDRValidation off): odd forms only warn. */
    NETPOL_TOLERANT_CIDR = 1u << 2,
    /** Go on without what failed to load or is invalid. Answers then say that they are incomplete. */
    NETPOL_KEEP_GOING = 1u << 3,
    /** Keep the text of every input, so that diagnostics can be shown with their source line. */
    NETPOL_KEEP_TEXT = 1u << 4,
    /** Check cluster-scoped policies by the CRDs of the standard channel. Without it: of the
     *  experimental channel, which knows more fields (nodes, domainNames, namedPort). */
    NETPOL_STANDARD_CHANNEL = 1u << 5,
    /** Read all YAML through libyaml. Without it documents of the most common form are read by a
     *  scanner of our own, which gives the same several times as fast. */
    NETPOL_ONLY_LIBYAML = 1u << 6
};

/**
 * How to work: memory, limits, cancellation. The one size-first struct that most programs meet.
 *
 * Set `size` to sizeof(netpol_options) and the rest to zero for the defaults. A NULL pointer where
 * a function takes `const netpol_options *` means all defaults. A longer struct of a newer header is
 * accepted if the unknown tail is zero, else NETPOL_MISUSE.
 */
typedef struct netpol_options {
    size_t size;
    const netpol_allocator *allocator; /**< NULL: libc. Copied. */
    uint64_t max_bytes;       /**< Bytes of one input; 0: 1 GiB. */
    uint64_t max_memory;      /**< Bytes that reading one manifests list may take; 0: 8 GiB. */
    uint32_t max_depth;       /**< Nesting of one document; 0: 64. */
    uint32_t max_documents;   /**< Documents of one input; 0: 1,000,000. */
    uint32_t max_scalar;      /**< Bytes of one scalar; 0: 16 MiB. */
    uint32_t max_diagnostics; /**< Diagnostics kept in one list; 0: 4096. More are counted. */
    uint32_t flags;           /**< NETPOL_LENIENT, …; other bits: NETPOL_MISUSE. */
    bool (*keep_going)(void *ctx); /**< Asked every few milliseconds in long calls; false: stop with
                                        NETPOL_CANCELLED. NULL: never asked. */
    void *ctx;                     /**< Handed to keep_going. */
} netpol_options;

/**
 * Where output goes. `write` is called with consecutive pieces and returns NETPOL_OK to go on; any
 * other status ends the call, which returns it. Pieces are not NUL-terminated.
 */
typedef struct netpol_sink {
    netpol_status (*write)(void *ctx, const char *bytes, size_t n);
    void *ctx;
} netpol_sink;

/** Output formats. A function says which it takes; others give NETPOL_MISUSE. */
enum {
    NETPOL_FORMAT_TEXT = 1,
    NETPOL_FORMAT_YAML = 2,
    NETPOL_FORMAT_JSON = 3,
    NETPOL_FORMAT_JSONL = 4,
    NETPOL_FORMAT_SARIF = 5,
    NETPOL_FORMAT_JUNIT = 6
};

#ifdef __cplusplus
}
#endif
#endif
