// SPDX-License-Identifier: BSD-2-Clause
using System.Net.Sockets;
using Flower.Protocol;

namespace Flower.Client;

/// <summary>
/// A Unix socket of this process's own, for libraries that connect to a path and take no socket: each connection to it becomes
/// one on the board, and its bytes are copied both ways in this process. The socket is in a new folder that only this user can
/// enter; whoever does, uses the handle. Owns the socket, the folder and the connections; disposing it ends them all.
/// </summary>
public sealed class Forwarder : IAsyncDisposable
{
    private const int BufferBytes = 64 * 1024;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private readonly Handle _handle;
    private readonly LabelSet _labels;
    private readonly ForwardOptions _options;
    private readonly DirectoryInfo _folder;
    private readonly Socket _listening;
    private readonly CancellationTokenSource _closing = new();
    private readonly Lock _lock = new();
    private readonly HashSet<Task> _connections = [];
    private readonly Task _accepting;
    private int _disposed;

    private Forwarder(Handle handle, LabelSet labels, ForwardOptions options, DirectoryInfo folder, Socket listening)
    {
        _handle = handle;
        _labels = labels;
        _options = options;
        _folder = folder;
        _listening = listening;
        Path = System.IO.Path.Combine(folder.FullName, options.FileName);
        _accepting = Task.Run(AcceptAsync);
    }

    /// <summary>The path of the socket.</summary>
    public string Path { get; }

    /// <summary>The folder that it is in.</summary>
    public string Folder => _folder.FullName;

    /// <summary>Starts one. Nothing is asked of the switchboard before somebody connects.</summary>
    /// <param name="handle">Stays the caller's, and must outlive it.</param>
    /// <param name="labels">What is connected to.</param>
    /// <param name="options">Null: the defaults.</param>
    /// <exception cref="ArgumentException"><see cref="ForwardOptions.FileName"/> is no name of a file.</exception>
    /// <exception cref="IOException">The folder cannot be made.</exception>
    /// <exception cref="SocketException">The socket cannot be made.</exception>
    public static Forwarder Start(Handle handle, LabelSet labels, ForwardOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(handle);
        ArgumentNullException.ThrowIfNull(labels);
        options ??= new();
        if (options.FileName is "" or "." or ".." || options.FileName.AsSpan().ContainsAny('/', '\0'))
        {
            throw new ArgumentException($"'{LabelRules.Printable(options.FileName)}' is no name of a file", nameof(options));
        }

        // Of mode 0700.
        DirectoryInfo folder = Directory.CreateTempSubdirectory("flower-");
        Socket? listening = null;
        try
        {
            listening = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            listening.Bind(new UnixDomainSocketEndPoint(System.IO.Path.Combine(folder.FullName, options.FileName)));
            listening.Listen();
            return new(handle, labels, options, folder, listening);
        }
        catch
        {
            listening?.Dispose();
            folder.Delete(recursive: true);
            throw;
        }
    }

    /// <summary>Ends the connections, and removes the socket and its folder.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        await _closing.CancelAsync().ConfigureAwait(false);
        await _accepting.ConfigureAwait(false);
        // Nobody adds to them any more.
        await Task.WhenAll(_connections).ConfigureAwait(false);
        _listening.Dispose();
        _closing.Dispose();
        _folder.Delete(recursive: true);
    }

    // Until it is disposed of.
    private async Task AcceptAsync()
    {
        while (true)
        {
            try
            {
                Begin(await _listening.AcceptAsync(_closing.Token).ConfigureAwait(false));
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (SocketException)
            {
                // No descriptor left, most likely: who has connected waits in the queue until there is one.
                await Task.Delay(Pause, _closing.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private void Begin(Socket accepted)
    {
        Task connection = ForwardAsync(accepted);
        lock (_lock)
        {
            _connections.RemoveWhere(task => task.IsCompleted);
            _connections.Add(connection);
        }
    }

    // Never faults.
    private async Task ForwardAsync(Socket accepted)
    {
        using (accepted)
        {
            try
            {
                using Connection connection = await _handle.ConnectAsync(_labels, _options.Connect, _closing.Token)
                    .ConfigureAwait(false);
                Socket made = connection.Socket;
                await Task.WhenAll(CopyAsync(accepted, made), CopyAsync(made, accepted)).ConfigureAwait(false);
            }
            catch (FlowerException e)
            {
                _options.Observer?.Invoke(e);
            }
            catch (OperationCanceledException)
            {
                // Nobody wants it any more.
            }
        }
    }

    // Never faults, and ends the other way too when this one cannot go on.
    private async Task CopyAsync(Socket from, Socket to)
    {
        byte[] buffer = new byte[BufferBytes];
        try
        {
            int count;
            while ((count = await from.ReceiveAsync(buffer.AsMemory(), _closing.Token).ConfigureAwait(false)) > 0)
            {
                for (int sent = 0; sent < count;)
                {
                    sent += await to.SendAsync(buffer.AsMemory(sent, count - sent), _closing.Token).ConfigureAwait(false);
                }
            }

            End(to, SocketShutdown.Send);
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            End(from, SocketShutdown.Both);
            End(to, SocketShutdown.Both);
        }
    }

    private static void End(Socket socket, SocketShutdown how)
    {
        try
        {
            socket.Shutdown(how);
        }
        catch (SocketException)
        {
            // The other side was faster.
        }
    }
}
