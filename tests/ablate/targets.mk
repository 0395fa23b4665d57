# SPDX-License-Identifier: MIT
# Ablation: each guard of the core taken out once, and the test that must then fail (ablate.py).

.PHONY: ablate
ablate: tools core sdk $(O)/apps/hello $(GUEST_BIN) testing-build
	@JOBS="$(JOBS)" $(or $(PYTHON),python3) -B $(srcdir)/tests/ablate/ablate.py $(O) $(srcdir) $(T)
