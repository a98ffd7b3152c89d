// A virtual machine monitor of the tests' own: one vCPU that makes an exactly known number of exits to it.
// usage: exact_vmm N
// Says "ready", waits for a line, lets the guest do N times "out 0x80, in 0x71" and once "out 0xf4", says "done EXITS" with how often
// KVM_RUN came back for I/O, and waits for the end of its input.
#include <fcntl.h>
#include <linux/kvm.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static uint32_t rounds;
static long exits;
static int vcpu_fd, run_size;

static void must(int ok, const char *what) {
    if (ok) return;
    perror(what);
    exit(1);
}

static void *vcpu(void *unused) {
    (void)unused;
    prctl(PR_SET_NAME, "CPU 0/KVM");
    struct kvm_run *run = mmap(NULL, run_size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu_fd, 0);
    must(run != MAP_FAILED, "mmap vcpu");
    pthread_mutex_lock(&gate);
    for (;;) {
        must(ioctl(vcpu_fd, KVM_RUN, 0) == 0, "KVM_RUN");
        if (run->exit_reason != KVM_EXIT_IO) {
            fprintf(stderr, "exit reason %u\n", run->exit_reason);
            exit(1);
        }
        exits++;
        if (run->io.port == 0xf4) return NULL;
        if (run->io.direction == KVM_EXIT_IO_IN) *((uint8_t *)run + run->io.data_offset) = 0x5a;
    }
}

int main(int argc, char **argv) {
    must(argc == 2, "usage: exact_vmm N");
    rounds = strtoul(argv[1], NULL, 10);
    int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
    must(kvm >= 0, "/dev/kvm");
    int vm = ioctl(kvm, KVM_CREATE_VM, 0);
    must(vm >= 0, "KVM_CREATE_VM");
    uint8_t *memory = mmap(NULL, 0x10000, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    must(memory != MAP_FAILED, "mmap");
    // 1000: mov ecx, N   1006: out 0x80, al; in al, 0x71; dec ecx; jnz 1006; out 0xf4, al; hlt
    static const uint8_t code[] = {0x66, 0xb9, 0, 0, 0, 0, 0xe6, 0x80, 0xe4, 0x71, 0x66, 0x49, 0x75, 0xf8, 0xe6, 0xf4, 0xf4};
    memcpy(memory + 0x1000, code, sizeof code);
    memcpy(memory + 0x1002, &rounds, sizeof rounds);
    struct kvm_userspace_memory_region region = {.memory_size = 0x10000, .userspace_addr = (uintptr_t)memory};
    must(ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region) == 0, "KVM_SET_USER_MEMORY_REGION");
    vcpu_fd = ioctl(vm, KVM_CREATE_VCPU, 0);
    must(vcpu_fd >= 0, "KVM_CREATE_VCPU");
    run_size = ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
    struct kvm_sregs sregs;
    must(ioctl(vcpu_fd, KVM_GET_SREGS, &sregs) == 0, "KVM_GET_SREGS");
    sregs.cs.base = 0;
    sregs.cs.selector = 0;
    must(ioctl(vcpu_fd, KVM_SET_SREGS, &sregs) == 0, "KVM_SET_SREGS");
    struct kvm_regs regs = {.rip = 0x1000, .rflags = 2};
    must(ioctl(vcpu_fd, KVM_SET_REGS, &regs) == 0, "KVM_SET_REGS");

    pthread_mutex_lock(&gate);
    pthread_t thread;
    must(pthread_create(&thread, NULL, vcpu, NULL) == 0, "pthread_create");
    char line[16];
    puts("ready");
    fflush(stdout);
    if (!fgets(line, sizeof line, stdin)) return 0;
    pthread_mutex_unlock(&gate);
    pthread_join(thread, NULL);
    printf("done %ld\n", exits);
    fflush(stdout);
    while (fgets(line, sizeof line, stdin)) {}
    return 0;
}
