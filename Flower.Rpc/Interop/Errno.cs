// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Rpc.Interop;

/// <summary>The error numbers that somebody decides on; Linux, x86-64 and arm64 (errno(3)).</summary>
public static class Errno
{
    /// <summary>No such file.</summary>
    public const int NoEnt = 2;

    /// <summary>Interrupted.</summary>
    public const int Intr = 4;

    /// <summary>The arguments and the environment are too large.</summary>
    public const int TooBig = 7;

    /// <summary>Not a program that can be executed.</summary>
    public const int NoExec = 8;

    /// <summary>Not ready.</summary>
    public const int Again = 11;

    /// <summary>Out of memory.</summary>
    public const int NoMem = 12;

    /// <summary>Not an open descriptor.</summary>
    public const int BadF = 9;

    /// <summary>An argument is wrong; of accept(2), the socket does not listen any more.</summary>
    public const int Inval = 22;

    /// <summary>Permission denied.</summary>
    public const int Acces = 13;

    /// <summary>The system's table of files is full.</summary>
    public const int NFile = 23;

    /// <summary>The process's table of files is full.</summary>
    public const int MFile = 24;

    /// <summary>The result does not fit.</summary>
    public const int Range = 34;

    /// <summary>The other end is closed.</summary>
    public const int Pipe = 32;

    /// <summary>Message too long.</summary>
    public const int MsgSize = 90;

    /// <summary>A socket of another type.</summary>
    public const int ProtoType = 91;

    /// <summary>Given up.</summary>
    public const int Canceled = 125;

    /// <summary>Address in use.</summary>
    public const int AddrInUse = 98;

    /// <summary>No buffer space.</summary>
    public const int NoBufs = 105;

    /// <summary>Reset by the peer.</summary>
    public const int ConnReset = 104;

    /// <summary>Nobody listens.</summary>
    public const int ConnRefused = 111;

    /// <summary>Connecting goes on.</summary>
    public const int InProgress = 115;

    /// <summary>No answer came.</summary>
    public const int TimedOut = 110;

    /// <summary>The host cannot be reached.</summary>
    public const int HostUnreach = 113;

    /// <summary>The network cannot be reached.</summary>
    public const int NetUnreach = 101;

    /// <summary>No address, or no port, of this machine is free.</summary>
    public const int AddrNotAvail = 99;

    /// <summary>This machine does not have the address family.</summary>
    public const int AfNoSupport = 97;

    /// <summary>A part of the path is no directory.</summary>
    public const int NotDir = 20;

    /// <summary>Operation not permitted.</summary>
    public const int Perm = 1;

    /// <summary>Too many links, or one that must not be followed.</summary>
    public const int Loop = 40;

    /// <summary>Not connected, or no longer.</summary>
    public const int NotConn = 107;

    /// <summary>Too many descriptors are on their way (unix(7)).</summary>
    public const int TooManyRefs = 109;

    /// <summary>The symbolic name, such as "ENOENT", or the number.</summary>
    public static string NameOf(int errno) => errno switch
    {
        Perm => "EPERM",
        NoEnt => "ENOENT",
        Intr => "EINTR",
        TooBig => "E2BIG",
        NoExec => "ENOEXEC",
        BadF => "EBADF",
        Again => "EAGAIN",
        NoMem => "ENOMEM",
        Acces => "EACCES",
        NotDir => "ENOTDIR",
        Inval => "EINVAL",
        NFile => "ENFILE",
        MFile => "EMFILE",
        30 => "EROFS",
        Pipe => "EPIPE",
        Range => "ERANGE",
        36 => "ENAMETOOLONG",
        88 => "ENOTSOCK",
        MsgSize => "EMSGSIZE",
        ProtoType => "EPROTOTYPE",
        AddrInUse => "EADDRINUSE",
        NoBufs => "ENOBUFS",
        ConnReset => "ECONNRESET",
        NotConn => "ENOTCONN",
        TooManyRefs => "ETOOMANYREFS",
        ConnRefused => "ECONNREFUSED",
        Loop => "ELOOP",
        AfNoSupport => "EAFNOSUPPORT",
        AddrNotAvail => "EADDRNOTAVAIL",
        NetUnreach => "ENETUNREACH",
        TimedOut => "ETIMEDOUT",
        HostUnreach => "EHOSTUNREACH",
        InProgress => "EINPROGRESS",
        _ => errno.ToString(System.Globalization.CultureInfo.InvariantCulture),
    };
}
