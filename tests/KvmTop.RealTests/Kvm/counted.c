/* A VMM of one vCPU that exits from its guest exactly as often as it is told.
 *
 * Reads numbers from stdin, one a line; for each it calls KVM_RUN that often, every call ending in the guest's "out 0x80", and then
 * prints the number. Keeps the statistics descriptors of vCPU and VM open, as QEMU does (that of the vCPU). Prints "ready" first; exit 77
 * when this machine cannot do it, with the reason on stderr. */
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#ifndef KVM_GET_STATS_FD
#define KVM_GET_STATS_FD _IO(KVMIO, 0xce)
#endif

static int must(int result, const char *what)
{
    if (result >= 0) return result;
    fprintf(stderr, "%s: %s\n", what, strerror(errno));
    exit(77);
}

int main(void)
{
    /* out 0x80,al; jmp back */
    static const unsigned char code[] = { 0xe6, 0x80, 0xeb, 0xfc };
    int kvm = must(open("/dev/kvm", O_RDWR | O_CLOEXEC), "/dev/kvm");
    int vm = must(ioctl(kvm, KVM_CREATE_VM, 0), "KVM_CREATE_VM");
    unsigned char *memory = mmap(NULL, 0x10000, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    struct kvm_userspace_memory_region region = { .memory_size = 0x10000, .userspace_addr = (unsigned long)memory };
    memcpy(memory + 0x1000, code, sizeof code);
    must(ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region), "KVM_SET_USER_MEMORY_REGION");
    int vcpu = must(ioctl(vm, KVM_CREATE_VCPU, 0), "KVM_CREATE_VCPU");
    struct kvm_run *run = mmap(NULL, (size_t)must(ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0), "KVM_GET_VCPU_MMAP_SIZE"), PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
    struct kvm_sregs sregs;
    must(ioctl(vcpu, KVM_GET_SREGS, &sregs), "KVM_GET_SREGS");
    sregs.cs.base = 0;
    sregs.cs.selector = 0;
    must(ioctl(vcpu, KVM_SET_SREGS, &sregs), "KVM_SET_SREGS");
    struct kvm_regs regs = { .rip = 0x1000, .rflags = 2 };
    must(ioctl(vcpu, KVM_SET_REGS, &regs), "KVM_SET_REGS");
    must(ioctl(vcpu, KVM_GET_STATS_FD, 0), "KVM_GET_STATS_FD of the vCPU");
    must(ioctl(vm, KVM_GET_STATS_FD, 0), "KVM_GET_STATS_FD of the VM");

    puts("ready");
    fflush(stdout);
    for (long count; scanf("%ld", &count) == 1;) {
        for (long i = 0; i < count; i++) {
            if (ioctl(vcpu, KVM_RUN, 0) < 0 && errno == EINTR) {
                i--;
            } else if (run->exit_reason != KVM_EXIT_IO) {
                fprintf(stderr, "exit reason %u\n", run->exit_reason);
                return 77;
            }
        }
        printf("%ld\n", count);
        fflush(stdout);
    }
    return 0;
}
