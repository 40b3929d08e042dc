// SPDX-License-Identifier: BSD-2-Clause
using Flower.Client;
using Flower.CommandLine;
using Flower.Relay;
using Flower.Rpc;
using Flower.Rpc.Interop;
using Flower.Rpc.Transport;
using Flower.Run.Box;
using Flower.Run.Names;
using Flower.Run.Network;

namespace Flower.Run.Agent;

/// <summary>
/// What stands between a box and the board: it takes what programs in the box connect to, answers their questions for
/// names, and puts what they listen on on the board. It is out of their reach, since they have other namespaces. Owns all
/// that it is made of.
/// </summary>
internal sealed class BoxAgent : IAsyncDisposable
{
    private static readonly TimeSpan DrainLimit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan StoppedDrainLimit = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan DrainStep = TimeSpan.FromMilliseconds(5);

    private readonly EventLoop _loop = new("flower-box", null);
    private readonly CancellationTokenSource _end = new();
    private readonly Relays _relays = new();
    private readonly RefusalLog _refusals = new(TimeProvider.System, AgentLog.Say);
    private readonly List<Task> _publications = [];
    private BoxNetwork? _network;
    private BoardHandle? _board;
    private SyntheticNames? _names;
    private Task _stub = Task.CompletedTask;
    private Outgoing? _outgoing;

    private BoxAgent()
    {
    }

    /// <summary>Whether the box has IPv6.</summary>
    public bool HasIPv6 => _network!.HasIPv6;

    /// <summary>The box's handle.</summary>
    public BoardHandle Board => _board!;

    /// <summary>Sets the network up, and begins.</summary>
    /// <param name="address">Where our own handle is.</param>
    /// <param name="narrowing">What the box's handle is to be.</param>
    /// <param name="choice">Which ports are published, and how.</param>
    /// <param name="connected">Told of each connection that was made; null: nobody.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="FlowerException">There is no switchboard, or it does not allow this.</exception>
    /// <exception cref="ToolException">The network cannot be made.</exception>
    public static async Task<BoxAgent> StartAsync(
        SwitchboardAddress address,
        Narrowing narrowing,
        BoxChoice choice,
        Action<string>? connected,
        CancellationToken cancellationToken)
    {
        var agent = new BoxAgent();
        try
        {
            // The handle first: without one, there is nothing to set up.
            await agent._loop.Invoke(async () =>
                agent._board = await BoardHandle.OpenAsync(address, narrowing, cancellationToken));
            agent._network = await BoxNetwork.SetUpAsync();
            agent.StartNames();
            await agent._loop.Invoke(() => agent.Begin(choice, connected));
            return agent;
        }
        catch
        {
            await agent.DisposeAsync();
            throw;
        }
    }

    /// <summary>A handle for the command itself, which the caller owns.</summary>
    public async Task<Descriptor> MakeHandleAsync(CancellationToken cancellationToken)
    {
        Descriptor? made = null;
        await _loop.Invoke(async () => made = await Board.MakeDescriptorAsync(cancellationToken));
        return made!;
    }

    /// <summary>
    /// After the command has ended: nothing new is published, and what its programs have sent is brought to the other sides,
    /// within a limit, since some of these do not read.
    /// </summary>
    /// <param name="wasStopped">Whether somebody told the command to end, and waits for that.</param>
    public async Task DrainAsync(bool wasStopped)
    {
        TimeSpan limit = wasStopped ? StoppedDrainLimit : DrainLimit;
        await _end.CancelAsync();
        _relays.FinishSending();
        long began = Environment.TickCount64;
        bool isIdle = false;
        while (!isIdle && Environment.TickCount64 - began < limit.TotalMilliseconds)
        {
            await _loop.Invoke(() => isIdle = _outgoing!.IsIdle && _relays.Count == 0);
            if (!isIdle)
            {
                await Task.Delay(DrainStep, CancellationToken.None);
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();

        // Each has said what was wrong; the command's end counts, whatever became of them.
        await Task.WhenAll(_publications).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _loop.Invoke(async () =>
        {
            _outgoing?.Dispose();
            _refusals.SayRest();
            if (_board is not null)
            {
                await _board.DisposeAsync();
            }
        });
        await _stub.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _network?.Dispose();
        _relays.Dispose();
        _loop.Dispose();
        _end.Dispose();
        AgentLog.End();
    }

    private void Begin(BoxChoice choice, Action<string>? connected)
    {
        try
        {
            _outgoing = new(_loop, _network!, Board, choice.Connecting, _names!, _relays, _refusals)
            {
                Connected = connected,
            };
        }
        catch (FlowerSocketException e)
        {
            throw new ToolException(ExitCodes.Unavailable, $"the box's network cannot be made: {e.Message}", e);
        }

        foreach (PublishedPort port in choice.Published)
        {
            var publication = new Publication(_loop, port, choice.SendsProxy, HasIPv6, Board, _relays);
            _publications.Add(publication.RunAsync(_end.Token));
        }
    }

    private void StartNames()
    {
        _names = new(TimeProvider.System, HasIPv6);
        _stub = new NameStub(_names, _network!.UdpStubs, _network.Stubs).RunAsync(_end.Token);
    }
}
