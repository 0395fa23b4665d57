# SPDX-License-Identifier: MIT
# The testing core sees these calls first (ld --wrap): what it does not want goes on to the real one.
TESTING_WRAP := exception_nmi exception_paranoid exception_user exception_core
