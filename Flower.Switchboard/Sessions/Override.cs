// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol;
using Flower.Protocol.V1;
using Flower.Switchboard.Routing;
using Grpc.Core;
using Microsoft.Extensions.Logging;

namespace Flower.Switchboard.Sessions;

/// <summary>
/// What an operator sets of targets, whatever they say themselves. On the loop, in slices, each of which is short work; what
/// comes or goes meanwhile may be missed.
/// </summary>
internal sealed class Override(Board board, ILogger logger, Caller caller)
{
    private const int Slice = 64;

    private readonly HandleScope _scope = new(caller.Node);

    /// <summary>Sets it.</summary>
    /// <exception cref="RpcException">INVALID_ARGUMENT, or NOT_FOUND: none of the caller's matches.</exception>
    public async Task<UpdateTargetsResponse> RunAsync(UpdateTargetsRequest request, CancellationToken cancellationToken)
    {
        TargetUpdate update = request.Update ?? new();
        if (Wrong(request, update) is string wrong)
        {
            throw Refusal.Invalid(wrong, []);
        }

        LabelSet filter = Listing.FilterOf(caller, request.Labels);
        LabelSet given = Stating.Read(request.Labels);
        var response = new UpdateTargetsResponse();
        var slice = new List<Target>();
        for (long at = 0; at != TargetDirectory<Target>.EndOfList;)
        {
            slice.Clear();
            board.List(filter, Slice, slice, ref at);
            foreach (Target target in slice.Where(target => IsWithin(target) && Has(target, given)))
            {
                if (request.Reset)
                {
                    target.Condition.Reset(update);
                }
                else
                {
                    target.Condition.Set(update);
                }

                response.Targets++;
            }

            cancellationToken.ThrowIfCancellationRequested();
            await Task.Yield();
        }

        if (response.Targets == 0)
        {
            throw Refusal.NoSuch("no server or egress that you may update matches: see flower ls");
        }

        BoardLog.TargetsUpdated(
            logger, Plural.Of(response.Targets, "target"), filter, caller.Credentials.Pid, caller.Credentials.Uid, request.Reset, update);
        return response;
    }

    private static string? Wrong(UpdateTargetsRequest request, TargetUpdate update) =>
        update.HasOpenConnections ? "how many connections a target has is for the target to say"
        : !update.HasWeight && !update.HasDraining ? "an update that changes nothing"
        : TargetCondition.Check(update);

    // A key that a target lacks contradicts nothing; but whoever mistypes one does not mean all targets.
    private bool Has(Target target, LabelSet given)
    {
        IReadOnlyList<Label> labels = Listing.LabelsOf(target, caller.Handle);
        return given.Labels.All(wanted => labels.Any(label => label.Key == wanted.Key));
    }

    // What it starts is what takes connections, not an activator.
    private bool IsWithin(Target target) => target is { Kind: TargetKind.Server or TargetKind.Egress, IsActivator: false }
        && (ReferenceEquals(target.Caller, caller) || _scope.Covers(target.Caller.Node));
}
