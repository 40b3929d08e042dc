// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol;
using Flower.Protocol.V1;
using Flower.Rpc.Transport;
using Flower.Switchboard.Routing;
using Flower.Switchboard.State;
using Grpc.Core;

namespace Flower.Switchboard.Sessions.Tapping;

/// <summary>Who taps: which connections, and how many more at the moment. On the loop. Lives as long as its stream.</summary>
internal sealed class Tap
{
    private const uint MaxCredit = 65535;

    // Each brings two descriptors, which count against the whole board until they are read (ETOOMANYREFS, unix(7)).
    private const uint MaxUnseen = 64;

    // Whoever asks for it wants all: each connection has an id.
    private static readonly LabelSet Any = LabelSet.Create([], [ReservedKeys.ConnectionId]);

    private readonly TapStart _start;
    private readonly Func<TapStartResponse, Task> _tell;
    private readonly LabelSet _given;
    private readonly ConnectionFilter _filter;
    private readonly LabelSet _listed;
    private uint _credit;
    private ulong _missed;
    private ulong _toldMissed;
    private bool _isTelling;
    private int _begun;
    private TaskCompletionSource? _settled;

    /// <summary>One that taps from now on.</summary>
    /// <param name="id">Its number.</param>
    /// <param name="caller">Who taps.</param>
    /// <param name="start">What.</param>
    /// <param name="tell">Tells it something; the descriptors in it are taken over, and closed if it has gone.</param>
    /// <exception cref="RpcException">The labels break a rule or contradict the handle's.</exception>
    public Tap(ulong id, Caller caller, TapStart start, Func<TapStartResponse, Task> tell)
    {
        _given = Stating.Read(start.Labels);
        if (_given.IsEmpty)
        {
            throw Refusal.Invalid("say what to tap: a label, or +flower.connection_id for all connections", []);
        }

        if (Grant(start.Credit) is string wrong)
        {
            throw Refusal.Invalid(wrong, []);
        }

        // They are of a connection, and not of the caller: what is attested of either side may be asked for.
        LabelSet filter = caller.Handle.OutLabels.Merge(_given, out IReadOnlyList<string> contradictions);
        if (contradictions.Count > 0)
        {
            throw Refusal.Contradicts(contradictions);
        }

        _filter = new(ReservedKeys.RequireDemands(filter));
        _listed = Listing.FilterOf(caller, null);
        _start = start;
        _tell = tell;
        Id = id;
        Caller = caller;
    }

    public ulong Id { get; }

    public Caller Caller { get; }

    /// <summary>What it was given.</summary>
    public LabelSet Labels => _given;

    /// <summary>Whether it may have a connection, and wants it.</summary>
    public bool Fits(Request wish, Target target) =>
        _filter.Fits(wish.Stated, wish.Attested, target.Own, target.Attested, Any)
        && SortedKeys.Stated(_given).Any(
            key => ConnectionFilter.IsStated(key, wish.Stated, wish.Attested, target.Own, target.Attested, Any))
        && TargetDirectory<Target>.IsListed(target.Indexed, _listed);

    /// <summary>Promises it a connection. False: it takes none at the moment, and has missed this one.</summary>
    public bool TryBegin()
    {
        if (_credit == 0)
        {
            Miss();
            return false;
        }

        _credit--;
        _begun++;
        return true;
    }

    /// <summary>Takes that back.</summary>
    public void GiveUp()
    {
        _credit = Math.Min(_credit + 1, MaxUnseen);
        Settle();
    }

    /// <summary>Tells it how many connections it has missed, once it reads.</summary>
    public async void Miss()
    {
        _missed++;
        if (_isTelling)
        {
            return;
        }

        _isTelling = true;
        try
        {
            while (_toldMissed < _missed)
            {
                _toldMissed = _missed;
                await _tell(new TapStartResponse { Missed = _missed });
            }
        }
        catch (OperationCanceledException)
        {
            // The stream has ended.
        }
        finally
        {
            _isTelling = false;
        }
    }

    /// <summary>Gives it a connection that it was promised, with its sockets.</summary>
    public async void Give(TappedConnection connection)
    {
        try
        {
            await _tell(new TapStartResponse { Connection = connection });
        }
        catch (OperationCanceledException)
        {
            // The stream has ended, and closed the sockets.
        }
        finally
        {
            // Not before: a tap that ends in order would end with its sockets still waiting for the stream's credit.
            Settle();
        }
    }

    /// <summary>It takes so many more.</summary>
    /// <returns>Null, or what is wrong with it.</returns>
    public string? Grant(uint credit)
    {
        _credit = Math.Min(_credit + Math.Min(credit, MaxCredit), MaxUnseen);
        return credit > MaxCredit ? $"credit of more than {MaxCredit}" : null;
    }

    /// <summary>Ends when each connection that it was promised was given or given up.</summary>
    /// <param name="stream">Cancelled when its stream has ended.</param>
    /// <exception cref="OperationCanceledException">It has.</exception>
    public async Task SettledAsync(CancellationToken stream)
    {
        if (_begun == 0)
        {
            return;
        }

        _settled = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await _settled.DoneOrCancelledAsync(stream);
        stream.ThrowIfCancellationRequested();
    }

    /// <summary>The labels of one side of a connection, as the holder of its handle sees them.</summary>
    public IReadOnlyList<Label> LabelsOf(LabelSet attested, Party side) =>
        Provenance.ForReceiver(attested, new Party(Caller.Handle, LabelSide.Out, LabelSet.Empty), side);

    /// <summary>The tap as another process can go on with it. What waits to be told travels with its stream.</summary>
    public TapState Save() => new() { Id = Id, Start = _start, Credit = _credit, Missed = _missed };

    /// <summary>Takes over what another process saved.</summary>
    public void Restore(TapState state)
    {
        _credit = Math.Min(state.Credit, MaxUnseen);
        _missed = state.Missed;
        _toldMissed = state.Missed;
    }

    /// <summary>It was promised a connection by another process.</summary>
    public void Resume() => _begun++;

    private void Settle()
    {
        if (--_begun <= 0)
        {
            _settled?.TrySetResult();
        }
    }
}
