// SPDX-License-Identifier: BSD-2-Clause
using System.Net;
using System.Net.Sockets;

namespace Flower.Resolver.Dns;

/// <summary>
/// The addresses that getaddrinfo(3) gives, from wherever nsswitch.conf(5) says. It tells neither how long they hold nor
/// whether a name does not exist for good, and it takes a thread for each question.
/// </summary>
/// <param name="timeToLive">How long they hold.</param>
internal sealed class SystemAddresses(TimeSpan timeToLive) : IHostAddresses
{
    private const int MaxThreads = 32;

    private readonly SemaphoreSlim _threads = new(MaxThreads, MaxThreads);

    /// <inheritdoc/>
    public async Task<(IReadOnlyList<IPAddress> Addresses, TimeSpan TimeToLive)> FindAsync(
        string host, CancellationToken cancellationToken)
    {
        await _threads.WaitAsync(cancellationToken);
        try
        {
            // Not cancellable: a thread that waits would not be free before it ends.
            return (await System.Net.Dns.GetHostAddressesAsync(host, CancellationToken.None), timeToLive);
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.HostNotFound or SocketError.NoData)
        {
            return ([], NameAnswer.NegativeTimeToLive);
        }
        catch (SocketException e)
        {
            throw new NameException($"the system cannot resolve {host}: {e.Message}", e);
        }
        finally
        {
            _threads.Release();
        }
    }

    /// <inheritdoc/>
    public Task<(IReadOnlyList<ServiceHost> Hosts, TimeSpan TimeToLive)> FindServiceAsync(
        string service, string host, CancellationToken cancellationToken) =>
        Task.FromResult<(IReadOnlyList<ServiceHost>, TimeSpan)>(([], timeToLive));
}
