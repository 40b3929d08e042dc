// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol;
using Flower.Protocol.V1;
using Flower.Rpc.Server;
using Flower.Rpc.State;
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
    : ICallListener<ServerStartRequest>, ICallListener<EgressStartRequest>
{
    private const string AddressFamily = "address_family";
    private const string Gone = "it has gone";

    private Target? _target;

    /// <summary>Registers, and leaves this to hear answers until the stream ends.</summary>
    /// <param name="right">What the handle must allow.</param>
    /// <param name="stream">Where the target is told.</param>
    /// <param name="requests">What it says.</param>
    /// <param name="read">Reads one of these.</param>
    /// <returns>True, when it is registered.</returns>
    /// <exception cref="RpcException">The registration is refused.</exception>
    public async Task<bool> RunAsync<TRequest>(
        Rights right, ITargetStream stream, IAsyncStreamReader<TRequest> requests, Func<TRequest, TargetMessage> read)
    {
        if (context.Resumed is CallCheckpoint checkpoint)
        {
            _target = Resume(stream, checkpoint);
        }
        else
        {
            SwitchboardService.Require(caller, right);
            TargetMessage first = await requests.MoveNext(CancellationToken.None) ? read(requests.Current) : default;
            _target = Register(stream, first.Start ?? throw NoStart(first.Answer));
        }

        // A target lives as long as its stream: whatever ends the stream, it is forgotten before anything else happens.
        try
        {
            Keep();
            _target.Condition.Keeper = this;
            await AnnounceAsync(_target);
            ((IHeardStream<TRequest>)requests).Listen((ICallListener<TRequest>)(object)this);
            return true;
        }
        catch
        {
            board.Unregister(_target, Gone);
            throw;
        }
    }

    /// <summary>Keeps the registration across a crash, as it is now. A call that has ended is in the store no more.</summary>
    public void Keep()
    {
        if (!context.HasEnded && context.CanBeKept)
        {
            context.Keep(_target!.SaveAsNew().ToByteString());
        }
    }

    void ICallListener<ServerStartRequest>.OnMessage(ServerStartRequest request) =>
        Hear(new(request.Start, request.Answer, request.Update));

    void ICallListener<EgressStartRequest>.OnMessage(EgressStartRequest request) =>
        Hear(new(request.Start, request.Answer, request.Update));

    void ICallListener.OnHalfClose() => board.Unregister(_target!, "it ended its registration");

    void ICallListener.OnEnded() => board.Unregister(_target!, Gone);

    ByteString ICallListener.Save(DescriptorTable descriptors) => Save(descriptors);

    private ByteString Save(DescriptorTable descriptors) => _target!.Save(descriptors).ToByteString();

    // It waits where the caller takes nothing yet.
    private async Task AnnounceAsync(Target target)
    {
        Task announced = target.AnnounceAsync(Listing.LabelsOf(target, caller.Handle));
        if (!announced.IsCompleted)
        {
            context.Checkpoint = Save;
        }

        await announced;
        context.Checkpoint = null;
    }

    private void Hear(in TargetMessage message)
    {
        string? wrong = message switch
        {
            { Answer: Answer answer } => _target!.OnAnswer(answer),
            { Update: TargetUpdate update } => _target!.OnUpdate(update),
            _ => "a message that is neither an answer nor an update",
        };
        if (wrong is not null)
        {
            board.Unregister(_target!, "it sent " + wrong);
            RpcException refusal = Refusal.Invalid(wrong, []);
            board.Refused(caller, context, refusal);
            throw refusal;
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
}
