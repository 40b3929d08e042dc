// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;
using Flower.Client;
using Flower.Protocol;
using Flower.Protocol.V1;
using Grpc.Core;

namespace Flower.Doctor;

/// <summary>
/// What a handle allows. No call says it of the caller's own, and whoever holds an inherited one does not see it in Handles;
/// but what Constrain makes of it is told, with all labels. So one is made, marked by a label that nobody else has, looked at,
/// and let go.
/// </summary>
internal sealed class OwnHandle
{
    private static readonly Right[] All =
        [.. Enum.GetValues<Right>().Where(right => right != Right.Unspecified)];

    private readonly IReadOnlyList<Right> _rights;
    private readonly HandleInfo? _info;
    private readonly string _mark;

    private OwnHandle(IReadOnlyList<Right> rights, HandleInfo? info, string mark)
    {
        _rights = rights;
        _info = info;
        _mark = mark;
    }

    /// <exception cref="FlowerException">The session was refused, or the switchboard has gone.</exception>
    public static async Task<OwnHandle> AskAsync(Handle handle, CancellationToken cancellationToken)
    {
        string mark = $"doctor-{Guid.NewGuid():N}";
        (Right[] rights, Handle? narrower) = await NarrowAsync(handle, mark, cancellationToken).ConfigureAwait(false);
        if (narrower is null)
        {
            return new(rights, null, mark);
        }

        await using (narrower)
        {
            await foreach (HandleInfo info in handle.HandlesAsync(cancellationToken).ConfigureAwait(false))
            {
                if (info.OutLabels[mark] is not null)
                {
                    return new(rights, info, mark);
                }
            }
        }

        return new(rights, null, mark);
    }

    public Finding Rights() => _rights.Count == 0
        ? Finding.Warning("rights", "none: nothing can be done with this handle", "ask whoever gave it for another one")
        : Finding.Ok("rights", string.Join(", ", _rights.Select(WordOf)));

    public Finding Labels() => Finding.Ok("labels", _info is null
        ? "not told"
        : $"in: {TextOf(_info.InLabels)}; out: {TextOf(_info.OutLabels.Where(key => key != _mark, _ => true))}");

    // Asked for all, the switchboard names those that the handle lacks. Where no handle can be made, as at the end of a long
    // chain, there are none to look at.
    private static async Task<(Right[] Rights, Handle? Narrower)> NarrowAsync(
        Handle handle, string mark, CancellationToken cancellationToken)
    {
        Right[] rights = All;
        var marked = LabelSet.Create((mark, "1"));
        while (true)
        {
            try
            {
                return (rights, await handle.ConstrainAsync(rights, LabelSet.Empty, marked, cancellationToken).ConfigureAwait(false));
            }
            catch (FlowerException e) when (e.StatusCode == StatusCode.PermissionDenied && e.Rights.Intersect(rights).Any())
            {
                rights = [.. rights.Except(e.Rights)];
            }
            catch (FlowerException e) when (
                handle.Failure is null && e.StatusCode is StatusCode.ResourceExhausted or StatusCode.InvalidArgument)
            {
                return (rights, null);
            }
        }
    }

    // As one types it: client-connect.
    private static string WordOf(Right right) => string.Concat(right.ToString().Select(
        (c, at) => char.IsUpper(c) ? (at > 0 ? "-" : "") + char.ToLower(c, CultureInfo.InvariantCulture) : c.ToString()));

    private static string TextOf(LabelSet labels) => labels.IsEmpty ? "none" : labels.ToString();
}
