// SPDX-License-Identifier: BSD-2-Clause
using Flower.Client;
using Flower.Protocol.V1;
using Flower.Rpc.Interop;
using Grpc.Core;

namespace Flower.Run.Agent;

/// <summary>
/// The box's handle, which is narrower than our own. When the switchboard begins anew it is made again, as soon as
/// somebody needs it. For the loop on which it was opened alone.
/// </summary>
internal sealed class BoardHandle : IAsyncDisposable
{
    private readonly SwitchboardAddress _address;
    private readonly Narrowing _narrowing;
    private Handle _own;
    private Handle? _narrow;
    private Task<Handle>? _renewal;

    private BoardHandle(SwitchboardAddress address, Narrowing narrowing, Handle own)
    {
        _address = address;
        _narrowing = narrowing;
        _own = own;
    }

    /// <summary>Its rights.</summary>
    public IReadOnlyList<Right> Rights { get; private set; } = [];

    /// <summary>Opens our own handle, and makes the narrower one.</summary>
    /// <exception cref="FlowerException">There is no switchboard, or it does not allow this.</exception>
    public static async Task<BoardHandle> OpenAsync(
        SwitchboardAddress address, Narrowing narrowing, CancellationToken cancellationToken)
    {
        var handle = new BoardHandle(address, narrowing, await OpenOwnAsync(address, cancellationToken));
        try
        {
            handle._narrow = await handle.NarrowAsync(cancellationToken);
            return handle;
        }
        catch
        {
            await handle.DisposeAsync();
            throw;
        }
    }

    /// <summary>The handle; waits for a switchboard that has gone.</summary>
    /// <exception cref="FlowerException">There is none any more.</exception>
    public async ValueTask<Handle> GetAsync(CancellationToken cancellationToken)
    {
        if (_narrow is { Closed.IsCompleted: false })
        {
            return _narrow;
        }

        // One for all who wait.
        if (_renewal is null or { IsCompleted: true })
        {
            _renewal = RenewAsync();
        }

        return await _renewal.WaitAsync(cancellationToken);
    }

    /// <summary>One more narrow handle, to be passed on; the caller owns it.</summary>
    public async Task<Descriptor> MakeDescriptorAsync(CancellationToken cancellationToken) =>
        (await _narrowing.ApplyAsync(_own, cancellationToken)).Session;

    public async ValueTask DisposeAsync()
    {
        if (_narrow is not null)
        {
            await _narrow.DisposeAsync();
        }

        await _own.DisposeAsync();
    }

    private static Task<Handle> OpenOwnAsync(SwitchboardAddress address, CancellationToken cancellationToken) =>
        Handle.OpenAsync(
            address.ToString(),
            new()
            {
                Reconnect = Timeout.InfiniteTimeSpan,
                Observer = happened => AgentLog.Say(happened == HandleEvent.Lost
                    ? "the switchboard has gone: connections wait until it is back"
                    : "the switchboard is back"),
            },
            cancellationToken);

    // A handle that was taken back stays so: only one that was lost with its switchboard is made again.
    private async Task<Handle> RenewAsync()
    {
        if ((_narrow?.Failure ?? _own.Failure) is { StatusCode: StatusCode.PermissionDenied } revoked)
        {
            throw revoked;
        }

        if (_own.Closed.IsCompleted)
        {
            await _own.DisposeAsync();
            _own = await OpenOwnAsync(_address, CancellationToken.None);
        }

        Handle? old = _narrow;
        _narrow = await NarrowAsync(CancellationToken.None);
        if (old is not null)
        {
            await old.DisposeAsync();
        }

        return _narrow;
    }

    private async Task<Handle> NarrowAsync(CancellationToken cancellationToken)
    {
        (Descriptor session, IReadOnlyList<Right> rights) = await _narrowing.ApplyAsync(_own, cancellationToken);
        Rights = rights;
        return Handle.Adopt(session);
    }
}
