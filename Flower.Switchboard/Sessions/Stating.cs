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

    /// <summary>Reads what mostly says what was said before: see <see cref="LabelSet.Like"/>.</summary>
    /// <exception cref="Grpc.Core.RpcException">INVALID_ARGUMENT.</exception>
    public static LabelSet? ReadLike(LabelSet before, Labels? labels, out KeyValuePair<string, string>[] changes)
    {
        try
        {
            return before.Like(labels, out changes);
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

    /// <summary>What a request states, with labels that a name of it stands for and that do not contradict it.</summary>
    /// <exception cref="Grpc.Core.RpcException">INVALID_ARGUMENT: there are too many.</exception>
    public static LabelSet Add(LabelSet stated, LabelSet resolved) =>
        Check(stated.Merge(resolved, out _), "with the labels that a name stands for");

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

        // What was given was checked by itself.
        return ReferenceEquals(merged, given) ? ReservedKeys.RequireDemands(merged) : Check(merged, "with the handle's own labels");
    }

    private static LabelSet Check(LabelSet merged, string what)
    {
        try
        {
            merged.CheckSize();
        }
        catch (LabelException e)
        {
            throw Refusal.Invalid($"{what}: {e.Message}", e.Keys);
        }

        // Last: what the switchboard adds does not count against the limits.
        return ReservedKeys.RequireDemands(merged);
    }
}
