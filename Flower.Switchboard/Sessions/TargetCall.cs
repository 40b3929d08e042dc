// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol;
using Flower.Protocol.V1;
using Flower.Rpc.Server;
using Flower.Switchboard.Routing;
using Flower.Switchboard.State;
using Google.Protobuf;
using Grpc.Core;

namespace Flower.Switchboard.Sessions;

/// <summary>
/// The call over which a server or an egress is registered, from its start to the end of its stream. On the loop. Another
/// process can go on with it.
/// </summary>
internal sealed class TargetCall(Board board, Caller caller, SessionCallContext context, TargetKind kind)
{
    private const string AddressFamily = "address_family";

    /// <summary>Registers, and hears answers until the stream ends.</summary>
    /// <param name="right">What the handle must allow.</param>
    /// <param name="stream">Where the target is told.</param>
    /// <param name="requests">What it says.</param>
    /// <param name="read">Reads one of these.</param>
    /// <returns>True, at the end of the stream.</returns>
    /// <exception cref="RpcException">The registration is refused, or a message breaks a rule.</exception>
    public async Task<bool> RunAsync<TRequest>(
        Rights right, ITargetStream stream, IAsyncStreamReader<TRequest> requests, Func<TRequest, TargetMessage> read)
    {
        Target target;
        string why = "it has gone";
        if (context.Resumed is CallCheckpoint checkpoint)
        {
            target = Resume(stream, checkpoint);
        }
        else
        {
            SwitchboardService.Require(caller, right);
            TargetMessage first = await requests.MoveNext(CancellationToken.None) ? read(requests.Current) : default;
            target = Register(stream, first.Start ?? throw NoStart(first.Answer));
        }

        // A target lives as long as its stream: whatever ends the stream, it is forgotten before anything else happens.
        try
        {
            context.Checkpoint = descriptors => target.Save(descriptors).ToByteString();
            Keep(target);
            target.Condition.Kept = () => Keep(target);
            await target.AnnounceAsync(Listing.LabelsOf(target, caller.Handle));
            while (await requests.MoveNext(CancellationToken.None))
            {
                string? wrong = read(requests.Current) switch
                {
                    { Answer: Answer answer } => target.OnAnswer(answer),
                    { Update: TargetUpdate update } => target.OnUpdate(update),
                    _ => "a message that is neither an answer nor an update",
                };
                if (wrong is not null)
                {
                    why = "it sent " + wrong;
                    throw Refusal.Invalid(wrong, []);
                }
            }

            why = "it ended its registration";
            return true;
        }
        finally
        {
            board.Unregister(target, why);
        }
    }

    private static RpcException NoStart(Answer? instead)
    {
        instead?.Accept?.Socket?.Handle?.Dispose();
        return Refusal.Invalid("the first message is not a start", []);
    }

    private Target Register(ITargetStream stream, TargetStart start)
    {
        LabelSet own = Stating.InLabels(caller.Handle, Stating.Read(start.Labels));
        if (kind == TargetKind.Egress && !start.FixedDestination && !own.Requires(AddressFamily))
        {
            throw Refusal.Invalid(
                "an egress without a fixed destination requires address_family of its clients: add +address_family",
                [AddressFamily]);
        }

        if (Target.Check(kind, start) is string wrong)
        {
            throw Refusal.Invalid(wrong, []);
        }

        var target = new Target(kind, caller, own, stream, start);
        board.Register(target);
        return target;
    }

    private Target Resume(ITargetStream stream, CallCheckpoint checkpoint)
    {
        TargetState state = TargetState.Parser.ParseFrom(checkpoint.State);
        LabelSet own = Stating.InLabels(caller.Handle, Stating.Read(state.Start.Labels));
        var target = new Target(
            kind, caller, own, stream, state.Start, state.Attested is null ? null : LabelSet.FromMessage(state.Attested))
        {
            IsAnnounced = true,
        };
        target.Restore(state, checkpoint.Descriptors, board.AcceptDeadlines);
        board.Register(target, state.Registration);
        return target;
    }

    // A call that has ended is in the store no more.
    private void Keep(Target target)
    {
        if (!context.CancellationToken.IsCancellationRequested)
        {
            context.Keep(target.SaveAsNew().ToByteString());
        }
    }
}
