// SPDX-License-Identifier: BSD-2-Clause
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Flower.Rpc.Interop;

/// <summary>
/// A file descriptor that has an owner. Close-on-exec from birth. Above this type nobody sees a number.
/// </summary>
public sealed class Descriptor : SafeHandle
{
    private readonly Descriptor? _lender;
    private int _loans;
    private bool _ends;

    private Descriptor(int number, bool owned, Descriptor? lender = null)
        : base(-1, owned)
    {
        _lender = lender;
        SetHandle(number);
    }

    /// <inheritdoc/>
    public override bool IsInvalid => handle < 0;

    /// <summary>Takes the ownership of a number, which must be close-on-exec already.</summary>
    public static Descriptor Adopt(int number) => new(number, owned: true);

    /// <summary>The same, of a Unix socket: nobody need ask the kernel.</summary>
    internal static Descriptor AdoptUnixSocket(int number) => new(number, owned: true) { IsUnixSocket = true };

    /// <summary>Uses a number that somebody else closes.</summary>
    public static Descriptor Borrow(int number) => new(number, owned: false);

    /// <summary>
    /// The same number for somebody who disposes it, as what he sends is disposed: it is closed when that and this object are
    /// disposed both, whichever comes last, and as this one is. Meanwhile neither can be moved. From any thread.
    /// </summary>
    /// <exception cref="ObjectDisposedException">It is disposed already.</exception>
    public Descriptor Lend()
    {
        bool held = false;
        DangerousAddRef(ref held);
        Interlocked.Increment(ref _loans);
        return new((int)handle, owned: true, lender: this);
    }

    /// <summary>A second descriptor of the same open file; the caller owns it.</summary>
    /// <exception cref="FlowerSocketException">EBADF or EMFILE.</exception>
    public static Descriptor Duplicate(SafeHandle of) => Duplicate(of, 3);

    /// <summary>The same, with a number that is not below <paramref name="atLeast"/>.</summary>
    internal static Descriptor Duplicate(SafeHandle of, int atLeast)
    {
        ArgumentNullException.ThrowIfNull(of);
        KernelFaults.ThrowOnNew("duplicate a descriptor");
        int number = Native.Fcntl(of, Native.FDupFdCloExec, atLeast);
        return number >= 0 ? Adopt(number) : throw FlowerSocketException.Last("duplicate a descriptor");
    }

    /// <summary>A second descriptor of this open file; the caller owns it. It is closed as this one is.</summary>
    /// <exception cref="FlowerSocketException">EMFILE.</exception>
    public Descriptor Duplicate()
    {
        Descriptor duplicate = Duplicate(this);
        duplicate.ClosesElsewhere = ClosesElsewhere;
        return duplicate;
    }

    /// <summary>
    /// Whether close(2) is left to a thread that may wait for it. Default: no. For what others have had a hand in, where the
    /// thread that disposes must not wait: what was received, and sockets into which somebody else can write (a descriptor that
    /// is unread in a socket is closed with it).
    /// </summary>
    public bool ClosesElsewhere { get; set; }

    /// <summary>Known to be a Unix socket, since it was made as one. Default: nobody knows.</summary>
    internal bool IsUnixSocket { get; init; }

    /// <summary>A second descriptor of the socket, which stays the caller's.</summary>
    /// <exception cref="FlowerSocketException">EMFILE.</exception>
    public static Descriptor FromSocket(Socket socket)
    {
        ArgumentNullException.ThrowIfNull(socket);
        return Duplicate(socket.SafeHandle);
    }

    /// <summary>Moves the ownership to a handle as <see cref="Socket"/> takes it. This object is empty afterwards.</summary>
    /// <exception cref="InvalidOperationException">It is lent.</exception>
    public SafeSocketHandle ToSocketHandle()
    {
        nint number = handle;
        ObjectDisposedException.ThrowIf(IsClosed || IsInvalid, this);
        if (_lender is not null || Volatile.Read(ref _loans) > 0)
        {
            throw new InvalidOperationException("the descriptor is lent");
        }

        SetHandleAsInvalid();
        return new SafeSocketHandle(number, ownsHandle: true);
    }

    /// <summary>Whether the descriptor is close-on-exec.</summary>
    public bool IsCloseOnExec => (Native.Fcntl(this, Native.FGetFd, 0) & 1) != 0;

    /// <summary>Whether the open file is in non-blocking mode, for every holder.</summary>
    public bool IsNonBlocking => (Native.Fcntl(this, Native.FGetFl, 0) & Native.ONonBlock) != 0;

    /// <summary>
    /// Shuts a socket down for whoever else has it, and disposes. A Unix socket is shut down here; any other elsewhere, if it is
    /// closed elsewhere, since shutdown(2) waits for the socket's lock, which somebody else may hold.
    /// </summary>
    public void DisposeEnded()
    {
        if (ClosesElsewhere && !UnixSocket.IsUnixSocket(this))
        {
            _ends = true;
        }
        else
        {
            ConnectedSocket.End(this);
        }

        Dispose();
    }

    /// <summary>
    /// Disposes when the descriptor has just been sent to somebody. To close it here is then what costs least, and does not wait
    /// unless he has closed his within that moment, and the socket lingers, or holds what does.
    /// </summary>
    internal void DisposeSent()
    {
        ClosesElsewhere = ClosesElsewhere && StreamSocket.MayWaitAtClose(this);
        Dispose();
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle()
    {
        if (_lender is not null)
        {
            Interlocked.Decrement(ref _lender._loans);
            _lender.DangerousRelease();
            return true;
        }

        if (ClosesElsewhere && !DescriptorCloser.IsHere)
        {
            DescriptorCloser.Close((int)handle, _ends);
            return true;
        }

        if (_ends)
        {
            _ = Native.Shutdown((int)handle, Native.ShutBoth);
        }

        return Native.Close((int)handle) == 0;
    }
}
