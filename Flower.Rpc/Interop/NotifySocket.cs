// SPDX-License-Identifier: BSD-2-Clause
using System.Text;

namespace Flower.Rpc.Interop;

/// <summary>
/// The way to the service manager that started this process: sd_notify(3). Nothing here waits. Owns its socket. One
/// thread at a time.
/// </summary>
public sealed class NotifySocket : IDisposable
{
    private readonly Descriptor _socket;

    private NotifySocket(Descriptor socket) => _socket = socket;

    /// <summary>As NOTIFY_SOCKET says; null: it is not set, or nobody listens there.</summary>
    public static NotifySocket? FromEnvironment()
    {
        string? name = Environment.GetEnvironmentVariable("NOTIFY_SOCKET");
        try
        {
            return string.IsNullOrEmpty(name) ? null : To(name);
        }
        catch (FlowerSocketException)
        {
            // As sd_notify's own advice: a service works without its supervisor.
            return null;
        }
    }

    /// <summary>To a name as NOTIFY_SOCKET has it: a path, or <c>@</c> and an abstract name.</summary>
    /// <exception cref="FlowerSocketException">Nobody listens there.</exception>
    internal static NotifySocket To(string name) => new(UnixSocket.ConnectDatagrams(name));

    /// <summary>Says something. 0, or the error number: EAGAIN, the manager does not read at the moment.</summary>
    /// <param name="state">Assignments, one a line.</param>
    /// <param name="descriptor">Goes along; stays the caller's.</param>
    public int Send(string state, Descriptor? descriptor = null) =>
        UnixSocket.Send(_socket, Encoding.UTF8.GetBytes(state), descriptor is null ? [] : [descriptor]);

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();
}
