// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol.V1;
using Grpc.Core;

namespace Flower.Client;

/// <content>Taking back what a handle gave.</content>
public sealed partial class Handle
{
    /// <summary>
    /// Takes a handle back, with all that was made from it: sessions over them end with PERMISSION_DENIED, and with them
    /// calls and registrations; nobody opens another. Connections that were made live on, but for revocable ones.
    /// </summary>
    /// <param name="id">One of <see cref="HandlesAsync"/>.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>What has ended.</returns>
    /// <exception cref="FlowerException">NOT_FOUND: there is no such handle, or this one may not revoke it.
    /// FAILED_PRECONDITION: it is that of this very session, which ends by <see cref="DisposeAsync"/>. UNAVAILABLE: the
    /// switchboard went away meanwhile; it is not asked again, as the number may be another handle's by now.</exception>
    public Task<RevokeResult> RevokeAsync(ulong id, CancellationToken cancellationToken = default) =>
        TakeBackAsync(new RevokeRequest { HandleId = id }, cancellationToken);

    /// <summary>Shuts a revocable connection down, for whoever has a copy of either end.</summary>
    /// <param name="id">One of <see cref="RevocableConnectionsAsync"/>, or the label <c>flower.connection_id</c>.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>What has ended.</returns>
    /// <exception cref="FlowerException">NOT_FOUND: there is no such connection, it has ended, or this handle may not
    /// revoke it.</exception>
    public Task<RevokeResult> RevokeConnectionAsync(ulong id, CancellationToken cancellationToken = default) =>
        TakeBackAsync(new RevokeRequest { ConnectionId = id }, cancellationToken);

    // Never again: on a board that has come back, the number may be another one's.
    private async Task<RevokeResult> TakeBackAsync(RevokeRequest request, CancellationToken cancellationToken)
    {
        bool onLoop = IsOnLoop;
        Session session = await _keeper.GetAsync(default, cancellationToken).ConfigureAwait(false);
        try
        {
            using AsyncUnaryCall<RevokeResponse> call =
                session.Stub(onLoop).RevokeAsync(request, cancellationToken: cancellationToken);
            RevokeResponse response = await call.ConfigureAwait(false);
            return new(
                (int)response.Handles, (int)response.Sessions, (int)response.Targets, (int)response.Connections);
        }
        catch (Exception e) when (Failures.Known(e))
        {
            throw Failures.MayTryAgain(e) ? Failures.RevokeLost(e) : Failures.FromCall(e, cancellationToken);
        }
    }
}
