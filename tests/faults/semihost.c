/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ends QEMU from inside an instruction of the guest: semihosting's exit call, status 7. */
#include <stdint.h>

int main(void)
{
    static const uint64_t block[2] = { 0x20026 /* the application ends */, 7 };
    register uint64_t operation __asm__("x0") = 0x18;
    register const uint64_t *argument __asm__("x1") = block;

    __asm__ volatile("hlt #0xf000" : "+r"(operation) : "r"(argument) : "memory");
    return 1;
}
