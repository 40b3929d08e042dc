// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol.V1;
using Flower.Rpc.Server;
using Flower.Switchboard.Routing;
using Flower.Switchboard.State;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.Extensions.Logging;

namespace Flower.Switchboard.Sessions.Tapping;

/// <summary>
/// The call over which connections are tapped, from its start to the end of its stream. On the loop. Another process can go on
/// with it.
/// </summary>
internal sealed class TapCall(Board board, ILogger logger, Caller caller, SessionCallContext context)
{
    /// <summary>Taps until the caller has said its last word and has what it was promised.</summary>
    /// <exception cref="RpcException">It is refused, or a message breaks a rule.</exception>
    public async Task RunAsync(
        IAsyncStreamReader<TapStartRequest> requests, IServerStreamWriter<TapStartResponse> responses)
    {
        Tap tap = context.Resumed is CallCheckpoint checkpoint
            ? board.Taps.Resume(caller, TapState.Parser.ParseFrom(checkpoint.State), responses.WriteAsync)
            : await BeginAsync(requests, responses);
        try
        {
            context.Checkpoint = _ => tap.Save().ToByteString();
            if (context.Resumed is null)
            {
                await responses.WriteAsync(new TapStartResponse { Started = new() });
            }
            else
            {
                // Those that were promised to it go on after it.
                await Task.Yield();
            }

            while (await requests.MoveNext(CancellationToken.None))
            {
                string? wrong = requests.Current.KindCase == TapStartRequest.KindOneofCase.Credit
                    ? tap.Grant(requests.Current.Credit)
                    : "a message that is no credit";
                if (wrong is not null)
                {
                    throw Refusal.Invalid(wrong, []);
                }
            }

            // Those that were told that they are tapped fail if they are not.
            board.Taps.Close(tap);
            await tap.SettledAsync(context.CancellationToken);
        }
        finally
        {
            board.Taps.Remove(tap);
            if (!board.IsReplaced)
            {
                board.Events.Tapped(HandleStep.TapEnded, caller, tap.Labels);
                BoardLog.TapEnded(logger, tap.Labels, caller.Credentials.Pid, caller.Credentials.Uid);
            }
        }
    }

    private async Task<Tap> BeginAsync(
        IAsyncStreamReader<TapStartRequest> requests, IServerStreamWriter<TapStartResponse> responses)
    {
        SwitchboardService.Require(caller, Rights.Tap);
        TapStart? start = await requests.MoveNext(CancellationToken.None) ? requests.Current.Start : null;
        if (start is null)
        {
            throw Refusal.Invalid("the first message is not a start", []);
        }

        if (caller.Node.IsRevoked)
        {
            // The request was on its way to the handler when the handle was revoked.
            throw Refusal.Revoked(Refusal.HandleRevoked);
        }

        Tap tap = board.Taps.Add(caller, start, responses.WriteAsync);
        board.Events.Tapped(HandleStep.TapBegun, caller, tap.Labels);
        BoardLog.TapBegun(logger, tap.Labels, caller.Credentials.Pid, caller.Credentials.Uid);
        return tap;
    }
}
