// SPDX-License-Identifier: BSD-2-Clause
using Flower.Client;
using Flower.Protocol;
using Flower.Protocol.V1;
using Flower.Rpc.Interop;
using Grpc.Core;

namespace Flower.Run;

/// <summary>What the handle of the command is to be. Immutable.</summary>
/// <param name="Rights">The rights; null: all that our own handle has, but for TAP.</param>
/// <param name="InLabels">Added to the labels of what it registers.</param>
/// <param name="OutLabels">Added to the labels of its requests.</param>
internal sealed record Narrowing(IReadOnlyList<Right>? Rights, LabelSet InLabels, LabelSet OutLabels)
{
    /// <summary>Makes the handle.</summary>
    /// <returns>A session socket, which the caller owns, and the rights that it has.</returns>
    /// <exception cref="FlowerException">A right that was asked for is not ours, or labels contradict.</exception>
    public async Task<(Descriptor Session, IReadOnlyList<Right> Rights)> ApplyAsync(
        Handle handle, CancellationToken cancellationToken)
    {
        IReadOnlyList<Right> rights = Rights ?? RightWords.All;
        try
        {
            return (await ConstrainAsync(handle, rights, cancellationToken), rights);
        }
        catch (FlowerException e) when (
            Rights is null && e.StatusCode == StatusCode.PermissionDenied && e.Rights.Count > 0)
        {
            // No call tells which rights a handle has, but this refusal names all that it lacks.
            IReadOnlyList<Right> left = [.. rights.Except(e.Rights)];
            return (await ConstrainAsync(handle, left, cancellationToken), left);
        }
    }

    private Task<Descriptor> ConstrainAsync(
        Handle handle, IReadOnlyList<Right> rights, CancellationToken cancellationToken) =>
        handle.ConstrainToDescriptorAsync(rights, InLabels, OutLabels, cancellationToken);
}
