using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace KvmTop.Linux;

/// <summary>
/// Descriptors of other processes, duplicated for reading. A KVM statistics descriptor that somebody holds keeps the VM's kernel side (and the
/// kvm modules) alive after the VMM has gone, however long the time to the next tick is: so a thread that sleeps in epoll_wait(2) closes those
/// of a process the moment it ends. Who reads on is told ESRCH.
/// </summary>
internal sealed class BorrowedDescriptors
{
    // struct epoll_event is packed on x86-64 alone.
    private static readonly int s_dataOffset = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 4 : 8;
    private static readonly int s_eventSize = s_dataOffset + 8;

    private readonly Lock _gate = new();
    private readonly Dictionary<int, Owner> _owners = [];
    private int _epoll = -1;

    /// <summary>Duplicates descriptor <paramref name="fd"/> of a process. <paramref name="released"/> is called once when it is closed, on any thread.</summary>
    public Errno Open(int pid, int fd, Action released, out HostFile? file)
    {
        file = null;
        lock (_gate)
        {
            if (_owners.TryGetValue(pid, out var owner) && owner.Process.HasExited)
            {
                // Its pid is given to another already, before our thread has woken.
                Forget(owner);
                owner = null;
            }

            if (owner is null)
            {
                var errno = PidFd.Open(pid, out var process);
                if (process is null)
                {
                    return errno;
                }

                owner = new Owner(pid, process);
                if (!Watch(process, pid))
                {
                    process.Dispose();
                    return (Errno)Marshal.GetLastPInvokeError();
                }

                _owners[pid] = owner;
            }

            var duplicated = owner.Process.Duplicate(fd, out var own);
            if (duplicated != Errno.None)
            {
                if (owner.Files.Count == 0)
                {
                    Forget(owner);
                }

                return duplicated;
            }

            var borrowed = new BorrowedFile(this, owner, own, released);
            owner.Files.Add(borrowed);
            file = borrowed;
            return Errno.None;
        }
    }

    private unsafe bool Watch(PidFd process, int pid)
    {
        if (_epoll < 0)
        {
            _epoll = Libc.epoll_create1(Libc.EPOLL_CLOEXEC);
            if (_epoll < 0)
            {
                return false;
            }

            new Thread(CloseWhatEnds, 128 * 1024) { IsBackground = true, Name = "process ends" }.Start();
        }

        var entry = stackalloc byte[16];
        new Span<byte>(entry, 16).Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(new Span<byte>(entry, 4), Libc.EPOLLIN);
        BinaryPrimitives.WriteInt32LittleEndian(new Span<byte>(entry + s_dataOffset, 4), pid);
        return Libc.epoll_ctl(_epoll, Libc.EPOLL_CTL_ADD, process.Number, entry) == 0;
    }

    private unsafe void CloseWhatEnds()
    {
        const int most = 16;
        var events = stackalloc byte[most * 16];
        while (true)
        {
            var n = Libc.epoll_wait(_epoll, events, most, -1);
            if (n < 0 && Marshal.GetLastPInvokeError() != (int)Errno.EINTR)
            {
                return;
            }

            lock (_gate)
            {
                for (var i = 0; i < n; i++)
                {
                    var pid = BinaryPrimitives.ReadInt32LittleEndian(new ReadOnlySpan<byte>(events + (i * s_eventSize) + s_dataOffset, 4));
                    if (_owners.TryGetValue(pid, out var owner) && owner.Process.HasExited)
                    {
                        Forget(owner);
                    }
                }
            }
        }
    }

    // Closing the pidfd takes it out of the epoll set too.
    private void Forget(Owner owner)
    {
        foreach (var file in owner.Files)
        {
            file.Close();
        }

        owner.Files.Clear();
        owner.Process.Dispose();
        if (_owners.TryGetValue(owner.Pid, out var current) && current == owner)
        {
            _owners.Remove(owner.Pid);
        }
    }

    private void Release(BorrowedFile file, Owner owner)
    {
        lock (_gate)
        {
            file.Close();
            if (owner.Files.Remove(file) && owner.Files.Count == 0)
            {
                Forget(owner);
            }
        }
    }

    private sealed class Owner(int pid, PidFd process)
    {
        public int Pid => pid;

        public PidFd Process => process;

        public HashSet<BorrowedFile> Files { get; } = [];

        /// <summary>The thread that closes must not do so in the middle of a read: the number could mean another file by then. One for all files of a process, so that reading them brings one lock into the caches.</summary>
        public Lock Reading { get; } = new();
    }

    private sealed class BorrowedFile(BorrowedDescriptors all, Owner owner, int fd, Action released) : HostFile
    {
        private readonly Lock _reading = owner.Reading;
        private int _fd = fd;

        public override int ReadAt(long offset, Span<byte> buffer)
        {
            lock (_reading)
            {
                return _fd < 0 ? -(int)Errno.ESRCH : DirectoryHost.ReadDescriptor(_fd, offset, buffer);
            }
        }

        public void Close()
        {
            lock (_reading)
            {
                if (_fd < 0)
                {
                    return;
                }

                _ = Libc.close(_fd);
                _fd = -1;
            }

            released();
        }

        protected override void Dispose(bool disposing) => all.Release(this, owner);
    }
}
