// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol;
using Flower.Protocol.V1;
using Flower.Switchboard.Routing;
using Handle = Flower.Switchboard.Routing.Handle;

namespace Flower.Switchboard.Sessions;

/// <summary>What a call states: its labels and those of its handle, or the refusal.</summary>
internal static class Stating
{
    /// <exception cref="Grpc.Core.RpcException">INVALID_ARGUMENT.</exception>
    public static LabelSet Read(Labels? labels)
    {
        try
        {
            return LabelSet.FromMessage(labels);
        }
        catch (LabelException e)
        {
            throw Refusal.Invalid(e.Message, e.Keys);
        }
    }

    /// <exception cref="Grpc.Core.RpcException">PERMISSION_DENIED, or INVALID_ARGUMENT when there are too many.</exception>
    public static LabelSet OutLabels(Handle handle, LabelSet given) =>
        Merge(handle.OutLabels, given, ReservedKeys.RefuseOutLabels(given));

    /// <exception cref="Grpc.Core.RpcException">PERMISSION_DENIED, or INVALID_ARGUMENT when there are too many.</exception>
    public static LabelSet InLabels(Handle handle, LabelSet given) =>
        Merge(handle.InLabels, given, ReservedKeys.RefuseInLabels(given));

    private static LabelSet Merge(LabelSet pinned, LabelSet given, LabelRefusal? refusal)
    {
        if (refusal is not null)
        {
            throw Refusal.Reserved(refusal);
        }

        LabelSet merged = pinned.Merge(given, out IReadOnlyList<string> contradictions);
        if (contradictions.Count > 0)
        {
            throw Refusal.Contradicts(contradictions);
        }

        try
        {
            merged.CheckSize();
        }
        catch (LabelException e)
        {
            throw Refusal.Invalid($"with the handle's own labels: {e.Message}", e.Keys);
        }

        // Last: what the switchboard adds does not count against the limits.
        return ReservedKeys.RequireDemands(merged);
    }
}
