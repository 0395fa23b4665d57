# SPDX-License-Identifier: MIT
# Compiles Mbed TLS's library from SOURCE, in WORK, into LIB, by CC and AR: libmbedcrypto.a,
# libmbedx509.a, libmbedtls.a. CC is ringlet-cc, whose sysroot has the headers and, over them, our
# mbedtls_config.h. Called by the Makefile, once the source is unpacked.

ifeq ($(V),1)
Q :=
say = @:
else
Q := @
say = @printf '  %-6s %s\n' '$1' '$2'
endif

NAMES := $(basename $(notdir $(wildcard $(SOURCE)/library/*.c)))
X509 := $(filter x509% pkcs7,$(NAMES))
TLS := $(filter ssl_% mps_% debug net_sockets,$(NAMES))
CRYPTO := $(filter-out $(X509) $(TLS),$(NAMES))

all: $(LIB)/libmbedcrypto.a $(LIB)/libmbedx509.a $(LIB)/libmbedtls.a

$(LIB)/libmbedcrypto.a: $(CRYPTO:%=$(WORK)/%.o)
$(LIB)/libmbedx509.a: $(X509:%=$(WORK)/%.o)
$(LIB)/libmbedtls.a: $(TLS:%=$(WORK)/%.o)

$(LIB)/%.a:
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcsD $@ $^

$(WORK)/%.o: $(SOURCE)/library/%.c $(CC)
	$(call say,CC,mbedtls/$*.c)
	@mkdir -p $(@D)
	$(Q)$(CC) -O2 -ffunction-sections -fdata-sections -ffile-prefix-map=$(SOURCE)/= \
		-I$(SOURCE)/library -MMD -MP -c -o $@ $<

-include $(NAMES:%=$(WORK)/%.d)
