/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The two clocks. Plugins ask the host's by clock_gettime(), which this program takes over, so
 * that a script can make times exact. */
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "internal.h"

static atomic_ullong scripted; /* 0: the real one */
static uint64_t distance;      /* host - guest */

FAKE_API int clock_gettime(clockid_t clock, struct timespec *ts)
{
    uint64_t now = atomic_load(&scripted);

    if (clock == CLOCK_MONOTONIC && now) {
        ts->tv_sec = (time_t)(now / 1000000000u);
        ts->tv_nsec = (long)(now % 1000000000u);
        return 0;
    }
    return (int)syscall(SYS_clock_gettime, clock, ts);
}

void fake_set_host_time(uint64_t ns)
{
    atomic_store(&scripted, ns);
}

uint64_t fake_host_time(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

void fake_set_distance(uint64_t ns)
{
    distance = ns;
}

void fake_sleep(unsigned vcpu, uint64_t ns)
{
    fake_vcpu_at(vcpu)->asleep += ns;
}

uint64_t fake_guest_time(unsigned index)
{
    const struct fake_vcpu *vcpu = fake_vcpu_at(index);

    return fake_machine.icount ? (vcpu->insns << fake_machine.shift) + vcpu->asleep
                               : fake_host_time() - distance;
}
