// SPDX-License-Identifier: BSD-2-Clause
using System.Collections.Immutable;
using Flower.Protocol;
using Flower.Protocol.V1;
using Flower.Rpc.Server;
using Flower.Switchboard.Routing;
using Flower.Switchboard.State;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.Extensions.Logging;

namespace Flower.Switchboard.Sessions.Resolving;

/// <summary>
/// The call over which a resolver is registered, from its start to the end of its stream. On the loop. Another process can
/// go on with it: then those who waited for an answer ask again.
/// </summary>
internal sealed class ResolverCall(Board board, ILogger logger, Caller caller, SessionCallContext context)
{
    /// <summary>Registers, and hears answers until the stream ends.</summary>
    /// <exception cref="RpcException">The registration is refused, or an answer breaks a rule.</exception>
    public async Task RunAsync(IAsyncStreamReader<ResolverStartRequest> requests, ResolverStream stream)
    {
        ResolverState state = context.Resumed is CallCheckpoint checkpoint
            ? ResolverState.Parser.ParseFrom(checkpoint.State)
            : new ResolverState { Start = await ReadStartAsync(requests) };
        Target target = Register(state, stream);
        Resolver resolver = target.Resolver!;

        // A target lives as long as its stream: whatever ends the stream, it is forgotten before anything else happens.
        try
        {
            context.Checkpoint = _ => Save(target, state.Start, resolver.LastId);
            context.Keep(Save(target, state.Start, lastQuestion: 0));
            await target.AnnounceAsync(Listing.LabelsOf(target, caller.Handle));
            while (await requests.MoveNext(CancellationToken.None))
            {
                string? wrong = requests.Current.Resolution is Resolution resolution
                    ? resolver.OnResolution(resolution)
                    : "a message that is not an answer";
                if (wrong is not null)
                {
                    throw Refusal.Invalid(wrong, []);
                }
            }
        }
        finally
        {
            board.Unregister(target, "its registration has ended");
        }
    }

    private static ByteString Save(Target target, ResolverStart start, ulong lastQuestion) => new ResolverState
    {
        Registration = target.Registration,
        Start = start,
        LastQuestion = lastQuestion,
        Attested = target.Attested.ToMessage(),
    }.ToByteString();

    private static ImmutableArray<string> KeysOf(LabelSet own, IEnumerable<string> more)
    {
        string[] keys = [.. own.RequiredKeys.Where(k => !ReservedKeys.IsReserved(k))
            .Union(more, StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        if (keys.Length is 0 or > LabelRules.MaxLabels)
        {
            throw Refusal.Invalid(
                $"a resolver translates 1 to {LabelRules.MaxLabels} keys: require one of its clients, such as +service", []);
        }

        try
        {
            Array.ForEach(keys, LabelRules.CheckKey);
        }
        catch (LabelException e)
        {
            throw Refusal.Invalid(e.Message, e.Keys);
        }

        return Array.Find(keys, ReservedKeys.IsReserved) is string reserved
            ? throw Refusal.Invalid($"'{reserved}' cannot be translated: only the switchboard states it", [reserved])
            : [.. keys];
    }

    private async Task<ResolverStart> ReadStartAsync(IAsyncStreamReader<ResolverStartRequest> requests)
    {
        SwitchboardService.Require(caller, Rights.ResolverStart);
        ResolverStart? start = await requests.MoveNext(CancellationToken.None) ? requests.Current.Start : null;
        return start ?? throw Refusal.Invalid("the first message is not a start", []);
    }

    private Target Register(ResolverState state, ResolverStream stream)
    {
        LabelSet own = Stating.InLabels(caller.Handle, Stating.Read(state.Start.Labels));
        var resolver = new Resolver(
            KeysOf(own, state.Start.Keys),
            stream,
            board.QuestionDeadlines,
            caller.Handle.OutLabels,
            () => board.QuestionDeadlines.Now)
        {
            LastId = state.LastQuestion,
            OnFault = keys => BoardLog.AnswerLeftOut(logger, own, caller.Credentials.Pid, string.Join(", ", keys)),
        };
        var target = new Target(
            TargetKind.Resolver,
            caller,
            own,
            stream,
            new TargetStart(),
            state.Attested is null ? null : LabelSet.FromMessage(state.Attested))
        {
            IsAnnounced = context.Resumed is not null,
            Resolver = resolver,
        };
        board.Register(target, state.Registration);
        return target;
    }
}
