// OpenSSL 3's libcrypto, of which OpenSSL uses the digests.
#pragma once

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
