// SPDX-License-Identifier: BSD-2-Clause
using System.Net;
using System.Net.Sockets;
using Flower.CommandLine;
using Flower.Rpc.Interop;
using Mono.Unix.Native;

namespace Flower.Ingress.Listening;

/// <summary>
/// A listening socket, non-blocking. Owns it, and the file of a Unix socket that this process made, which it removes
/// unless somebody else has put another one there.
/// </summary>
internal sealed class ListenSocket : IDisposable
{
    private readonly string? _file;
    private readonly Stat _made;
    private bool _hasFile;

    private ListenSocket(Descriptor descriptor, bool inherited, EndPoint local, string? file)
    {
        Descriptor = descriptor;
        IsInherited = inherited;
        Local = local;
        _file = file;
        _hasFile = file is not null && Syscall.lstat(file, out _made) == 0;
    }

    public Descriptor Descriptor { get; }

    /// <summary>Others hold it too, or will: what is in its backlog is theirs as well.</summary>
    public bool IsInherited { get; }

    /// <summary>Where it really listens: with the port that the kernel chose.</summary>
    public EndPoint Local { get; }

    /// <summary>The same for people.</summary>
    public string Name => Local is UnixDomainSocketEndPoint ? "unix:" + Local : Local.ToString()!;

    /// <summary>Takes the descriptor, also when it fails.</summary>
    /// <param name="descriptor">A listening stream socket.</param>
    /// <param name="inherited">See <see cref="IsInherited"/>.</param>
    /// <param name="file">The file that this process made for it, if it did.</param>
    /// <exception cref="ToolException">It is neither a TCP nor a Unix socket.</exception>
    public static ListenSocket Adopt(Descriptor descriptor, bool inherited, string? file)
    {
        try
        {
            SocketAddress name = StreamSocket.NewName();
            StreamSocket.GetName(descriptor, name);
            EndPoint local = name.Family switch
            {
                AddressFamily.InterNetwork => new IPEndPoint(IPAddress.Any, 0).Create(name),
                AddressFamily.InterNetworkV6 => new IPEndPoint(IPAddress.IPv6Any, 0).Create(name),
                AddressFamily.Unix => new UnixDomainSocketEndPoint("/").Create(name),
                _ => throw new ToolException(ExitCodes.Unavailable, "an inherited socket is neither TCP nor Unix"),
            };
            StreamSocket.MakeNonBlocking(descriptor);
            return new(descriptor, inherited, local, file);
        }
        catch
        {
            descriptor.Dispose();
            throw;
        }
    }

    /// <summary>Nobody new may find the socket. Those who have connected are still in its backlog.</summary>
    public void RemoveFile()
    {
        if (_hasFile && Syscall.lstat(_file!, out Stat now) == 0
            && now.st_ino == _made.st_ino && now.st_dev == _made.st_dev)
        {
            File.Delete(_file!);
        }

        _hasFile = false;
    }

    public void Dispose()
    {
        // The file first: nobody may find it without a listener behind it.
        RemoveFile();
        Descriptor.Dispose();
    }
}
